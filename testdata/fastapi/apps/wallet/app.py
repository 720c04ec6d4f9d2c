"""A purse. The cookie XSRF-TOKEN is repeated in X-XSRF-TOKEN: any pair will do until it is mended, then only the session's own."""
import hashlib
import hmac
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PURSES = {"rike": {"pw": "rike-password-43", "cents": 9000}, "simon": {"pw": "simon-password-44", "cents": 9000}}
app = FastAPI(title="Purse")


def pair(session: str) -> str:
    return hmac.new(SECRET.encode(), session.encode(), hashlib.sha256).hexdigest() if FIXED else secrets.token_hex(16)


def holder(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("purse", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


def own(request: Request, x_xsrf_token: str = Header("")):
    cookie = request.cookies.get("XSRF-TOKEN", "")
    if not cookie or not hmac.compare_digest(cookie, x_xsrf_token):
        raise HTTPException(403, "XSRF token missing or wrong")
    if FIXED and not hmac.compare_digest(pair(request.cookies.get("purse", "")), x_xsrf_token):
        raise HTTPException(403, "XSRF token missing or wrong")


class Login(BaseModel):
    username: str
    password: str


class Payment(BaseModel):
    to: str
    cents: int


@app.post("/login")
def login(body: Login, response: Response):
    if PURSES.get(body.username, {}).get("pw") != body.password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900, "jti": secrets.token_hex(8)}, SECRET, "HS256")
    response.set_cookie("purse", token, httponly=True, secure=True, samesite="lax")
    response.set_cookie("XSRF-TOKEN", pair(token), secure=True, samesite="lax")
    return {"status": "ok"}


@app.get("/purse")
def read(who: str = Depends(holder)):
    return {"cents": PURSES[who]["cents"]}


@app.post("/purse/pay", dependencies=[Depends(own)])
def pay(body: Payment, who: str = Depends(holder)):
    if body.to not in PURSES or body.cents < 1:
        raise HTTPException(400, "no such purse, or nothing to pay")
    PURSES[who]["cents"] -= body.cents
    PURSES[body.to]["cents"] += body.cents
    return {"cents": PURSES[who]["cents"]}
