"""Remedy B: the token in a strict cookie, a CSRF token bound to it, and a checked Origin."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fastapi import Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from common import LIFETIME, PAGE, Bank, Credentials, Email, Transfer, csrf_token, csrf_valid

COOKIE = "__Host-access_token"
SAFE = ("GET", "HEAD", "OPTIONS")

bank = Bank()


def own_origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers['host']}"


def check_origin(request: Request):
    if request.method in SAFE:
        return
    if request.headers.get("origin") != own_origin(request):
        raise HTTPException(403, "Foreign origin")


def current(request: Request) -> str:
    return bank.verify(request.cookies.get(COOKIE))


def check_token(request: Request, user: str = Depends(current)):
    if request.method in SAFE:
        return
    if not csrf_valid(bank.secret, request.cookies[COOKIE], request.headers.get("x-csrf-token", "")):
        raise HTTPException(403, "CSRF token missing or wrong")


app = FastAPI(title="Bank", version="1.0.0", dependencies=[Depends(check_origin)])


@app.get("/", response_class=HTMLResponse, include_in_schema=False)
def page():
    return PAGE


@app.post("/login")
def login(body: Credentials, response: Response):
    token = bank.login(body.username, body.password)
    response.set_cookie(COOKIE, token, max_age=LIFETIME, httponly=True, secure=True, samesite="strict", path="/")
    return {"csrf_token": csrf_token(bank.secret, token)}


@app.get("/csrf")
def csrf(request: Request, user: str = Depends(current)):
    return {"csrf_token": csrf_token(bank.secret, request.cookies[COOKIE])}


@app.get("/me")
def me(user: str = Depends(current)):
    return bank.me(user)


@app.get("/balance")
def balance(user: str = Depends(current)):
    return {"balance": bank.users[user]["balance"]}


@app.get("/history")
def history(user: str = Depends(current)):
    return bank.users[user]["history"]


@app.post("/transfer", dependencies=[Depends(check_token)])
def transfer(body: Transfer, user: str = Depends(current)):
    return bank.transfer(user, body.to, body.amount)


@app.post("/transfer/form", dependencies=[Depends(check_token)])
def transfer_form(to: str = Form(), amount: int = Form(gt=0), user: str = Depends(current)):
    return bank.transfer(user, to, amount)


@app.post("/email", dependencies=[Depends(check_token)])
def email(body: Email, user: str = Depends(current)):
    bank.users[user]["email"] = body.email
    return {"status": "ok"}


@app.post("/logout", dependencies=[Depends(check_token)])
def logout(response: Response):
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return {"status": "ok"}


if os.environ.get("BANK_TEST_TOKENS"):

    @app.post("/test/token", include_in_schema=False)
    def test_token(sub: str, lifetime: int, response: Response):
        token = bank.issue(sub, lifetime)
        response.set_cookie(COOKIE, token, httponly=True, secure=True, samesite="strict", path="/")
        return {"access_token": token, "csrf_token": csrf_token(bank.secret, token)}
