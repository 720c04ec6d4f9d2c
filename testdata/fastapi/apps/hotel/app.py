"""Rooms to rent. CORS is hand-made: right, but for the Vary that is missing until it is mended."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
GUESTS = {"greta": "greta-password-33", "hans": "hans-password-34"}
bookings = []
app = FastAPI(title="Rooms")


@app.middleware("http")
async def cors(request: Request, call_next):
    origin = request.headers.get("origin", "")
    if request.method == "OPTIONS":
        answer = Response(status_code=204)
        answer.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
    else:
        answer = await call_next(request)
    if origin.startswith("https://") and origin.count("/") == 2:
        # Any site may read with a bearer token: there is no cookie to ride on.
        answer.headers["Access-Control-Allow-Origin"] = origin
    if FIXED:
        answer.headers["Vary"] = "Origin"
    return answer


def guest(request: Request) -> str:
    try:
        kind, token = request.headers["authorization"].split()
        if kind != "Bearer":
            raise ValueError(kind)
        return jwt.decode(token, SECRET, algorithms=["HS256"])["sub"]
    except (KeyError, ValueError, jwt.InvalidTokenError):
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


class Login(BaseModel):
    user: str
    password: str


class Booking(BaseModel):
    nights: int
    room: str = "double"


@app.post("/authenticate")
def authenticate(body: Login):
    if GUESTS.get(body.user) != body.password:
        return JSONResponse({"error": "credentials"}, 401, {"WWW-Authenticate": "Bearer"})
    return {"id_token": jwt.encode({"sub": body.user, "exp": int(time.time()) + 900}, SECRET, "HS256")}


@app.get("/bookings")
def listing(who: str = Depends(guest)):
    return [b for b in bookings if b["guest"] == who]


@app.post("/bookings")
def book(body: Booking, who: str = Depends(guest)):
    bookings.append({"booking": len(bookings) + 1, "guest": who, **body.dict()})
    return bookings[-1]
