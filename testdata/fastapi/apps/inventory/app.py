"""Stock keeping. The session cookie says nothing of SameSite; the mended one is Strict, and Origin is compared."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, conint

FIXED = os.environ.get("FIXED") == "1"
KEY = secrets.token_hex(32)
STAFF = {"olga": "olga-password-15", "paul": "paul-password-16"}
stock = {"bolt": 40, "nut": 60}
app = FastAPI(title="Stock")


@app.middleware("http")
async def own_pages_only(request: Request, call_next):
    origin = request.headers.get("origin")
    if FIXED and request.method not in ("GET", "HEAD", "OPTIONS"):
        if origin != f"{request.url.scheme}://{request.headers.get('host')}":
            return JSONResponse({"detail": "foreign origin"}, 403)
    return await call_next(request)


def staff(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("stock_session", ""), KEY, algorithms=["HS256"])["sub"]
    except jwt.PyJWTError:
        raise HTTPException(401, "log in first", {"WWW-Authenticate": "Bearer"})


class Movement(BaseModel):
    article: str = "bolt"
    amount: conint(ge=1, le=50)


@app.post("/login")
def login(username: str = Form(...), password: str = Form(...)):
    if STAFF.get(username) != password:
        raise HTTPException(401, "wrong name or password", {"WWW-Authenticate": "Bearer"})
    answer = JSONResponse({"hello": username})
    token = jwt.encode({"sub": username, "exp": int(time.time()) + 900}, KEY, "HS256")
    answer.set_cookie("stock_session", token, httponly=True, secure=True, samesite="strict" if FIXED else None)
    return answer


@app.get("/stock")
def show(_: str = Depends(staff)):
    return stock


@app.post("/stock/count")
def count(article: str = Form("nut"), amount: int = Form(...), _: str = Depends(staff)):
    stock[article] = stock.get(article, 0) + amount
    return stock


@app.put("/stock/movement")
def move(body: Movement, _: str = Depends(staff)):
    stock[body.article] = stock.get(body.article, 0) + body.amount
    return stock
