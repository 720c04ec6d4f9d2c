"""Trades. CORS takes the origin null with credentials until it is mended."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
TRADERS = {"zora": "zora-password-51", "anton": "anton-password-52"}
trades = []
app = FastAPI(title="Trades")
app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://trade.example"] + ([] if FIXED else ["null"]),
    allow_credentials=True,
    allow_methods=["GET", "PUT"],
    allow_headers=["content-type"],
)


def trader(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("trade", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


class Login(BaseModel):
    username: str
    password: str


class Trade(BaseModel):
    symbol: str
    pieces: int


@app.post("/login")
def login(body: Login, response: Response):
    if TRADERS.get(body.username) != body.password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie("trade", token, httponly=True, secure=True, samesite="none")
    return {"trader": body.username}


@app.get("/trades")
def listing(who: str = Depends(trader)):
    return [t for t in trades if t["trader"] == who]


@app.put("/trades")
def trade(body: Trade, who: str = Depends(trader)):
    trades.append({"trade": len(trades) + 1, "trader": who, **body.dict()})
    return trades[-1]
