"""Vans. Origin is compared by its beginning until it is mended."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
DRIVERS = {"mira": "mira-password-39", "nils": "nils-password-40"}
vans = {1: {"van": 1, "km": 0}}
app = FastAPI(title="Fleet")


def own_origin(request: Request):
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers['host']}"
    if FIXED:
        good = origin == own
    else:
        good = (origin or "").startswith(f"{request.url.scheme}://{request.url.hostname}")
    if not good:
        raise HTTPException(403, "Origin not allowed")


def driver(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("fleet_id", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


class Login(BaseModel):
    username: str
    password: str


class Trip(BaseModel):
    km: int


@app.post("/login", dependencies=[Depends(own_origin)])
def login(body: Login, response: Response):
    if DRIVERS.get(body.username) != body.password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie("fleet_id", token, httponly=True, secure=True, samesite="none")
    return {"driver": body.username}


@app.get("/vans/{van}")
def read(van: int, _: str = Depends(driver)):
    if van not in vans:
        raise HTTPException(404, "no such van")
    return vans[van]


@app.get("/vans")
def listing(_: str = Depends(driver)):
    return list(vans.values())


@app.post("/vans/{van}/trips", dependencies=[Depends(own_origin)])
def trip(van: int, body: Trip, _: str = Depends(driver)):
    if van not in vans:
        raise HTTPException(404, "no such van")
    vans[van]["km"] += body.km
    return vans[van]
