"""Support tickets. A token in X-CSRF-Token is asked of every POST, but what closes a ticket takes GET too until it is mended."""
import hashlib
import hmac
import os
import secrets
import time
from typing import Optional

import jwt
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
AGENTS = {"kira": "kira-password-37", "luca": "luca-password-38"}
tickets = {}
app = FastAPI(title="Support")


def csrf_of(session: str) -> str:
    return hmac.new(SECRET.encode(), b"csrf " + session.encode(), hashlib.sha256).hexdigest()


@app.middleware("http")
async def csrf(request: Request, call_next):
    session = request.cookies.get("support", "")
    if session and request.method not in ("GET", "HEAD", "OPTIONS") and request.url.path != "/login":
        if not hmac.compare_digest(request.headers.get("x-csrf-token", ""), csrf_of(session)):
            return JSONResponse({"detail": "CSRF token missing or incorrect"}, 403)
    return await call_next(request)


def agent(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("support", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "log in", {"WWW-Authenticate": "Bearer"})


class Ticket(BaseModel):
    subject: str
    text: Optional[str] = None


@app.post("/login")
def login(username: str = Form(...), password: str = Form(...)):
    if AGENTS.get(username) != password:
        raise HTTPException(401, "wrong", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    answer = JSONResponse({"csrf_token": csrf_of(token)})
    answer.set_cookie("support", token, httponly=True, secure=True, samesite="lax")
    return answer


@app.get("/tickets")
def listing(_: str = Depends(agent)):
    return list(tickets.values())


@app.post("/tickets")
def create(body: Ticket, who: str = Depends(agent)):
    number = len(tickets) + 1
    tickets[number] = {"id": number, "agent": who, "open": True, **body.dict()}
    return tickets[number]


@app.post("/tickets/{id}/close")
def close(id: int, _: str = Depends(agent)):
    if id not in tickets:
        raise HTTPException(404, "no such ticket")
    tickets[id]["open"] = not tickets[id]["open"]
    return tickets[id]


if not FIXED:
    app.get("/tickets/{id}/close", include_in_schema=False)(close)
