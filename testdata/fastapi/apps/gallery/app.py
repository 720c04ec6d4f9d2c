"""Pictures for sale. The allowed origins are one string where a list is due, until it is mended."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(40)
OWNERS = {"sven": "sven-password-19", "tina": "tina-password-20"}
offers = {}
app = FastAPI()
app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://www.example.com", "https://app.example.com"] if FIXED else "https://www.example.com,https://app.example.com",
    allow_credentials=True,
    allow_methods=["GET", "POST"],
    allow_headers=["X-Gallery"],
)


def owner(request: Request) -> str:
    if request.method == "POST" and request.headers.get("x-gallery") != "1":
        raise HTTPException(403, "X-Gallery is missing")
    scheme, _, token = (request.cookies.get("auth") or "").partition(" ")
    try:
        if scheme != "Bearer":
            raise jwt.InvalidTokenError("scheme")
        return jwt.decode(token, SECRET, algorithms=["HS384"])["who"]
    except jwt.InvalidTokenError as e:
        raise HTTPException(401, "please log in", {"WWW-Authenticate": "Bearer"}) from e


class Offer(BaseModel):
    picture: str
    price: float


@app.post("/enter")
def enter(user: str = Form(...), password: str = Form(...)):
    if OWNERS.get(user) != password:
        raise HTTPException(401, "no such owner", {"WWW-Authenticate": "Bearer"})
    answer = RedirectResponse("/offers", status_code=303)
    token = jwt.encode({"who": user, "exp": int(time.time()) + 840}, SECRET, "HS384")
    answer.set_cookie("auth", f"Bearer {token}", httponly=True, secure=True, samesite="none")
    return answer


@app.get("/offers")
def listing(user: str = Depends(owner)):
    return [o for o in offers.values() if o["owner"] == user]


@app.post("/offers", status_code=201)
def offer(body: Offer, user: str = Depends(owner)):
    number = len(offers) + 1
    offers[number] = {"number": number, "owner": user, **body.dict()}
    return offers[number]
