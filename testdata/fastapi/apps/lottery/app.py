"""Tickets that are drawn. Writes count each time until it is mended; then an Idempotency-Key is demanded."""
import os
import secrets
import time
from typing import Optional

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PLAYERS = {"vera": "vera-password-47", "willi": "willi-password-48"}
drawn, answers = [], {}
app = FastAPI(title="Lottery")


def player(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("lot", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


class Login(BaseModel):
    username: str
    password: str


class Ticket(BaseModel):
    numbers: str


@app.post("/login")
def login(body: Login, response: Response):
    if PLAYERS.get(body.username) != body.password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie("lot", token, httponly=True, secure=True, samesite="strict")
    return {"player": body.username}


@app.get("/tickets")
def listing(who: str = Depends(player)):
    return [t for t in drawn if t["player"] == who]


@app.post("/tickets")
def draw(body: Ticket, who: str = Depends(player), idempotency_key: Optional[str] = Header(None)):
    if FIXED:
        if not idempotency_key:
            raise HTTPException(400, "Idempotency-Key is missing")
        if (who, idempotency_key) in answers:
            return answers[who, idempotency_key]
    ticket = {"ticket": secrets.token_hex(4), "player": who, "numbers": body.numbers}
    drawn.append(ticket)
    if FIXED:
        answers[who, idempotency_key] = ticket
    return ticket
