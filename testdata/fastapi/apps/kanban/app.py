"""A board: bearer tokens, and a refresh token in a cookie that only its own path gets and that is never exchanged. What the
document calls a Card lives at /task/{task_id}; the token's address lacks the slash that the route has. The refresh token
lives for a week, and less than a day where it is mended."""
import os
import secrets
import time
import uuid

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET, REFRESH = secrets.token_hex(32), secrets.token_hex(32)
PEOPLE = {"mira": "mira-password-63", "nils": "nils-password-64"}
cards = {}
app = FastAPI(title="Kanban")
bearer = OAuth2PasswordBearer(tokenUrl="session/token")


class NewCard(BaseModel):
    title: str


class Card(NewCard):
    id: str


def sign(name: str, key: str, seconds: int) -> str:
    return jwt.encode({"sub": name, "iat": int(time.time()), "exp": int(time.time()) + seconds}, key, "HS256")


def name_in(token: str, key: str) -> str:
    try:
        return jwt.decode(token, key, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Not you", {"WWW-Authenticate": "Bearer"})


def person(token: str = Depends(bearer)) -> str:
    return name_in(token, SECRET)


@app.post("/session/token/")
def login(response: Response, form: OAuth2PasswordRequestForm = Depends()):
    if PEOPLE.get(form.username) != form.password:
        raise HTTPException(401, "Not you", {"WWW-Authenticate": "Bearer"})
    week = 12 * 3600 if FIXED else 7 * 24 * 3600
    response.set_cookie("refresh_token", sign(form.username, REFRESH, week), httponly=True, secure=True, samesite="strict", path="/refresh")
    return {"access_token": sign(form.username, SECRET, 600), "token_type": "bearer"}


@app.post("/refresh")
def refresh(request: Request):
    name = name_in(request.cookies.get("refresh_token", ""), REFRESH)
    return {"access_token": sign(name, SECRET, 600), "token_type": "bearer"}


@app.post("/task", response_model=Card)
def create(card: NewCard, name: str = Depends(person)):
    key = str(uuid.uuid4())
    cards[key] = card.title
    return {"id": key, "title": card.title}


@app.get("/task/{task_id}", response_model=Card)
def read(task_id: str, name: str = Depends(person)):
    if task_id not in cards:
        raise HTTPException(404, "No such card")
    return {"id": task_id, "title": cards[task_id]}


@app.patch("/task/{task_id}", response_model=Card)
def change(task_id: str, card: NewCard, name: str = Depends(person)):
    if task_id not in cards:
        raise HTTPException(404, "No such card")
    cards[task_id] = card.title
    return {"id": task_id, "title": card.title}
