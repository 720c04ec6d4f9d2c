"""Securities. A link logs out, and a login is taken from anywhere, until it is mended."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
HOLDERS = {"bella": "bella-password-53", "carlo": "carlo-password-54"}
orders = []
app = FastAPI(title="Depot")


def here(request: Request):
    if request.headers.get("origin") != f"http://{request.headers['host']}":
        raise HTTPException(403, "the request comes from elsewhere")


def holder(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("__Host-depot", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


class Order(BaseModel):
    isin: str
    pieces: int = 1


@app.post("/login", dependencies=[Depends(here)] if FIXED else [])
def login(username: str = Form(...), password: str = Form(...)):
    if HOLDERS.get(username) != password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    answer = RedirectResponse("/orders", 303)
    token = jwt.encode({"sub": username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    answer.set_cookie("__Host-depot", token, httponly=True, secure=True, samesite="strict", path="/")
    return answer


def logout():
    answer = JSONResponse({"bye": True})
    answer.delete_cookie("__Host-depot", httponly=True, secure=True, path="/")
    return answer


if FIXED:
    app.post("/logout", dependencies=[Depends(here)])(logout)
else:
    app.get("/logout")(logout)


@app.get("/orders")
def listing(who: str = Depends(holder)):
    return [o for o in orders if o["holder"] == who]


@app.post("/orders", dependencies=[Depends(here)])
def order(body: Order, who: str = Depends(holder)):
    orders.append({"order": len(orders) + 1, "holder": who, **body.dict()})
    return orders[-1]
