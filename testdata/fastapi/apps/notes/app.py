"""Notes. The login hands script the token of its HttpOnly cookie, and logging out ends nothing, until it is mended."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
WRITERS = {"dora": "dora-password-55", "emil": "emil-password-56"}
notes, ended = {}, set()
app = FastAPI(title="Notes")


def own_page(request: Request):
    if request.headers.get("origin") != f"http://{request.headers['host']}":
        raise HTTPException(403, "foreign page")


def claims(request: Request) -> dict:
    try:
        found = jwt.decode(request.cookies.get("notes", ""), SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    if found["jti"] in ended:
        raise HTTPException(401, "logged out", {"WWW-Authenticate": "Bearer"})
    return found


class Login(BaseModel):
    username: str
    password: str


class Note(BaseModel):
    text: str


@app.post("/login", dependencies=[Depends(own_page)])
def login(body: Login, response: Response):
    if WRITERS.get(body.username) != body.password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "jti": secrets.token_hex(8), "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie("notes", token, httponly=True, secure=True, samesite="lax")
    return {"user": body.username} if FIXED else {"user": body.username, "access_token": token}


@app.post("/logout", dependencies=[Depends(own_page)])
def logout(response: Response, who: dict = Depends(claims)):
    if FIXED:
        ended.add(who["jti"])
    response.delete_cookie("notes", httponly=True, secure=True)
    return {"user": None}


@app.get("/notes")
def listing(who: dict = Depends(claims)):
    return [n for n in notes.values() if n["by"] == who["sub"]]


@app.post("/notes", status_code=201, dependencies=[Depends(own_page)])
def write(body: Note, who: dict = Depends(claims)):
    slug = f"n-{len(notes) + 1}"
    notes[slug] = {"slug": slug, "by": who["sub"], "text": body.text}
    return notes[slug]


@app.put("/notes/{slug}", dependencies=[Depends(own_page)])
def rewrite(slug: str, body: Note, who: dict = Depends(claims)):
    if notes.get(slug, {}).get("by") != who["sub"]:
        raise HTTPException(404, "no such note")
    notes[slug]["text"] = body.text
    return notes[slug]


@app.delete("/notes/{slug}", status_code=204, dependencies=[Depends(own_page)])
def remove(slug: str, who: dict = Depends(claims)):
    if notes.get(slug, {}).get("by") != who["sub"]:
        raise HTTPException(404, "no such note")
    del notes[slug]
