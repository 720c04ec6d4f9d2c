"""Parcels. The cookie is neither Secure nor HttpOnly until it is mended; Fetch Metadata is compared in both."""
import os
import secrets
import time

import jwt
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
CLIENTS = {"elif": "elif-password-31", "fynn": "fynn-password-32"}
parcels = {}
NAME = "__Host-parcel" if FIXED else "parcel"
app = FastAPI(title="Parcels")


def not_foreign(request: Request):
    if request.method in ("POST", "PUT", "PATCH", "DELETE") and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403, "cross-origin request")
    if request.headers.get("sec-fetch-site") is None and request.method != "GET" and request.headers.get("origin") not in (None, f"http://{request.headers['host']}"):
        raise HTTPException(403, "cross-origin request")


def client(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get(NAME, ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "log in", {"WWW-Authenticate": "Bearer"})


class Account(BaseModel):
    username: str
    password: str


class Parcel(BaseModel):
    to: str
    grams: int


router = APIRouter(prefix="/v1", dependencies=[Depends(not_foreign)])


@router.post("/login")
def login(body: Account, response: Response):
    if CLIENTS.get(body.username) != body.password:
        raise HTTPException(401, "wrong", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie(NAME, token, secure=FIXED, httponly=FIXED, samesite="lax")
    return {"ok": True}


@router.post("/logout")
def logout(response: Response, _: str = Depends(client)):
    response.delete_cookie(NAME, secure=FIXED, httponly=FIXED)
    return {"ok": True}


@router.get("/parcels")
def listing(who: str = Depends(client)):
    return [p for p in parcels.values() if p["from"] == who]


@router.post("/parcels")
def send(body: Parcel, who: str = Depends(client)):
    number = len(parcels) + 1000
    parcels[number] = {"parcel_id": number, "from": who, "to": body.to, "grams": body.grams}
    return parcels[number]


@router.delete("/parcels/{parcel_id}")
def cancel(parcel_id: int, who: str = Depends(client)):
    if parcels.get(parcel_id, {}).get("from") != who:
        raise HTTPException(404, "no such parcel")
    return parcels.pop(parcel_id)


app.include_router(router)
