"""Letters. What a body may be is decided by its Content-Type alone, which a page of another origin may write until it is mended."""
import json
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, ValidationError

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PEOPLE = {"otto": "otto-password-41", "pia": "pia-password-42"}
letters = []
app = FastAPI(title="Letters")


class Letter(BaseModel):
    to: str
    text: str


async def letter(request: Request) -> Letter:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if FIXED and kind != "application/json":
        raise HTTPException(415, "JSON only")
    try:
        return Letter(**json.loads(await request.body()))
    except (ValueError, TypeError, ValidationError):
        raise HTTPException(422, "not a letter")


def person(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("sid", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


class Login(BaseModel):
    username: str
    password: str


@app.post("/session", status_code=201)
def login(body: Login, response: Response):
    if PEOPLE.get(body.username) != body.password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie("sid", token, httponly=True, secure=True, samesite="none")
    return {"name": body.username}


@app.get("/letters")
def listing(who: str = Depends(person)):
    return [x for x in letters if x["from"] == who]


@app.post(
    "/letters",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": Letter.schema()}}}},
)
def write(body: Letter = Depends(letter), who: str = Depends(person)):
    letters.append({"from": who, "to": body.to, "text": body.text})
    return letters[-1]
