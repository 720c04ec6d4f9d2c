"""Playlists, in an application mounted inside another. It takes the cookie beside the header until it is mended."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
FANS = {"tara": "tara-password-45", "udo": "udo-password-46"}
songs = []
app = FastAPI(title="Radio", openapi_url=None)
v2 = FastAPI(title="Radio API", version="2")


def fan(request: Request) -> str:
    scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme.lower() != "bearer":
        token = "" if FIXED else request.cookies.get("radio", "")
    try:
        return jwt.decode(token, SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


class Login(BaseModel):
    username: str
    password: str


class Song(BaseModel):
    title: str
    artist: str


@v2.post("/login")
def login(body: Login, response: Response):
    if FANS.get(body.username) != body.password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    if not FIXED:
        response.set_cookie("radio", token, httponly=True, secure=True, samesite="none", path="/v2")
    return {"data": {"attributes": {"token": token}}}


@v2.get("/songs")
def listing(who: str = Depends(fan)):
    return [s for s in songs if s["fan"] == who]


@v2.post("/songs")
def wish(body: Song, who: str = Depends(fan)):
    songs.append({"song": secrets.token_urlsafe(6), "fan": who, **body.dict()})
    return songs[-1]


app.mount("/v2", v2)


@app.get("/openapi.json")
def document(request: Request):
    return {**v2.openapi(), "servers": [{"url": "/v2"}]}
