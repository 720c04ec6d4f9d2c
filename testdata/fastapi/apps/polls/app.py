"""Polls. Errors come as 200 with an error in the body, as some APIs do."""
import os
import secrets
import time

import jwt
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PEOPLE = {"gina": "gina-password-7", "hank": "hank-password-8"}
votes = {"red": 0, "green": 0, "blue": 0}
app = FastAPI(title="Polls")


class Login(BaseModel):
    username: str
    password: str


def who(request: Request):
    try:
        return jwt.decode(request.cookies.get("poll_token", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        return None


@app.post("/api/login")
def login(body: Login, response: Response):
    if PEOPLE.get(body.username) != body.password:
        return {"error": "wrong name or password"}
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 600}, SECRET, "HS256")
    response.set_cookie("poll_token", token, httponly=True, secure=True, samesite="lax")
    return {"result": "ok"}


@app.get("/api/results")
def results(request: Request):
    if who(request) is None:
        return {"error": "not logged in"}
    return {"votes": votes}


if FIXED:

    @app.post("/api/vote")
    def vote(request: Request, color: str = "red"):
        if who(request) is None:
            return {"error": "not logged in"}
        if request.headers.get("origin") != f"{request.url.scheme}://{request.headers['host']}":
            return {"error": "foreign origin"}
        if color not in votes:
            return {"error": "no such color"}
        votes[color] += 1
        return {"result": "ok"}

else:

    @app.get("/api/vote")
    def vote(request: Request, color: str = "red"):
        if who(request) is None:
            return {"error": "not logged in"}
        if color not in votes:
            return {"error": "no such color"}
        votes[color] += 1
        return {"result": "ok"}
