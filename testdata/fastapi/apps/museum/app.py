"""Tickets to exhibitions. A 401 names no scheme until it is mended; two thirds of the operations are public."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
VISITORS = {"ines": "ines-password-35", "jonas": "jonas-password-36"}
comments, tickets = [], []
app = FastAPI(title="Museum")
CHALLENGE = {"WWW-Authenticate": "Bearer"} if FIXED else None


def visitor(request: Request) -> str:
    header = request.headers.get("Authorization", "")
    try:
        return jwt.decode(header.replace("Bearer ", "", 1), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Not authenticated", CHALLENGE)


class Login(BaseModel):
    email: str
    password: str


class Comment(BaseModel):
    text: str


class Ticket(BaseModel):
    day: str
    persons: int = 1


@app.post("/account/login")
def login(body: Login):
    name = body.email.partition("@")[0]
    if VISITORS.get(name) != body.password:
        raise HTTPException(401, "Wrong e-mail address or password", CHALLENGE)
    return {"accessToken": jwt.encode({"sub": name, "exp": int(time.time()) + 900}, SECRET, "HS256"), "expiresIn": 900}


@app.get("/exhibitions")
def exhibitions():
    return [{"id": 1, "title": "Clocks"}]


@app.post("/comments")
def comment(body: Comment):
    comments.append(body.text)
    return {"comments": len(comments)}


@app.get("/tickets")
def listing(who: str = Depends(visitor)):
    return [t for t in tickets if t["who"] == who]


@app.post("/tickets")
def order(body: Ticket, who: str = Depends(visitor)):
    tickets.append({"ticket": len(tickets) + 1, "who": who, **body.dict()})
    return tickets[-1]
