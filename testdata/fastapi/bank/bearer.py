"""Remedy A: the token in the Authorization header only, and strict CORS."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import uuid

from fastapi import Depends, FastAPI, Form, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm

from common import PAGE, Bank, Credentials, Email, Transfer

bearer = OAuth2PasswordBearer(tokenUrl="token")


def create(origins=("https://app.bank.test",)) -> FastAPI:
    app = FastAPI(title="Bank", version="1.0.0")
    bank = app.state.bank = Bank()
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_credentials=False,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["X-Request-ID"],
    )

    @app.middleware("http")
    async def request_id(request: Request, call_next):
        response = await call_next(request)
        response.headers["X-Request-ID"] = str(uuid.uuid4())
        return response

    def current(token: str = Depends(bearer)) -> str:
        return bank.verify(token)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def page():
        return PAGE

    @app.post("/token")
    def token(form: OAuth2PasswordRequestForm = Depends()):
        return {"access_token": bank.login(form.username, form.password), "token_type": "bearer"}

    @app.post("/login")
    def login(body: Credentials):
        return {"access_token": bank.login(body.username, body.password), "token_type": "bearer"}

    @app.get("/me")
    def me(user: str = Depends(current)):
        return bank.me(user)

    @app.get("/balance")
    def balance(user: str = Depends(current)):
        return {"balance": bank.users[user]["balance"]}

    @app.get("/history")
    def history(user: str = Depends(current)):
        return bank.users[user]["history"]

    @app.post("/transfer")
    def transfer(body: Transfer, user: str = Depends(current)):
        return bank.transfer(user, body.to, body.amount)

    @app.post("/transfer/form")
    def transfer_form(to: str = Form(), amount: int = Form(gt=0), user: str = Depends(current)):
        return bank.transfer(user, to, amount)

    @app.post("/email")
    def email(body: Email, user: str = Depends(current)):
        bank.users[user]["email"] = body.email
        return {"status": "ok"}

    if os.environ.get("BANK_TEST_TOKENS"):
        # Lets a test see an expired token without waiting for one.
        @app.post("/test/token", include_in_schema=False)
        def test_token(sub: str, lifetime: int):
            return {"access_token": bank.issue(sub, lifetime)}

    return app


app = create()
