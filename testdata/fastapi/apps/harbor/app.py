"""A marina at api.harbor.localhost. Its session goes to all of harbor.localhost and nothing asks who sends a request;
mended, it has a __Host- cookie and a token of the session in a header."""
import hmac
import os
import secrets
import time
from typing import Optional

import jwt
from fastapi import Cookie, Depends, FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, Field

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
COOKIE = "__Host-watch" if FIXED else "watch"
PLACE = {"path": "/"} if FIXED else {"path": "/", "domain": "harbor.localhost"}
CREW = {"nils": "nils-password-63", "oda": "oda-password-64"}
tokens, ended = {}, set()
berths, messages, preferences = {}, [], {}
app = FastAPI(title="Harbor")


class Watch:
    """Who is on watch, by the session's cookie; guarded where something changes."""

    def __init__(self, guarded: bool):
        self.guarded = guarded

    def __call__(self, watch: Optional[str] = Cookie(None, alias=COOKIE), x_csrf_token: str = Header("")) -> dict:
        try:
            claims = jwt.decode(watch or "", SECRET, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            raise HTTPException(401, "sign on first")
        if claims["jti"] in ended:
            raise HTTPException(401, "sign on first")
        if self.guarded and FIXED and not hmac.compare_digest(tokens.get(claims["jti"], ""), x_csrf_token or " "):
            raise HTTPException(403, "the CSRF token is missing or another session's")
        return claims


seen, guarded = Watch(False), Watch(True)


class SignOn(BaseModel):
    name: str
    password: str


class Berth(BaseModel):
    label: str = Field(min_length=2, max_length=12)
    length_m: float = Field(10, gt=0, le=80)


class Booking(BaseModel):
    boat: str
    nights: int = Field(1, ge=1, le=90)


class Message(BaseModel):
    text: str = Field(max_length=280)


class Preferences(BaseModel):
    channel: int = Field(9, ge=1, le=88)


def berth_of(berth_no: int) -> dict:
    if berth_no not in berths:
        raise HTTPException(404, "no such berth")
    return berths[berth_no]


def booking_of(booking_id: str, berth: dict = Depends(berth_of)) -> dict:
    if booking_id not in berth["bookings"]:
        raise HTTPException(404, "no such booking")
    return berth["bookings"][booking_id]


@app.post("/session/open")
def sign_on(body: SignOn, response: Response):
    if CREW.get(body.name) != body.password:
        raise HTTPException(401, "wrong name or password")
    jti = secrets.token_hex(8)
    tokens[jti] = secrets.token_urlsafe(24)
    token = jwt.encode({"sub": body.name, "jti": jti, "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie(COOKIE, token, httponly=True, secure=True, samesite="lax", **PLACE)
    return {"welcome": body.name}


@app.get("/session/csrf-token")
def csrf_token(session: dict = Depends(seen)):
    return {"csrf_token": tokens[session["jti"]] if FIXED else None}


@app.post("/session/close", status_code=204)
def sign_off(response: Response, session: dict = Depends(guarded)):
    ended.add(session["jti"])
    response.delete_cookie(COOKIE, httponly=True, secure=True, **PLACE)


@app.get("/berths")
def all_berths(session: dict = Depends(seen)):
    return list(berths.values())


@app.post("/berths", status_code=201)
def add_berth(body: Berth, session: dict = Depends(guarded)):
    number = max(berths, default=100) + 1
    berths[number] = {"berth_no": number, "bookings": {}, **body.dict()}
    return berths[number]


@app.get("/berths/{berth_no}")
def one_berth(berth: dict = Depends(berth_of), session: dict = Depends(seen)):
    return berth


@app.put("/berths/{berth_no}")
def replace_berth(body: Berth, session: dict = Depends(guarded), berth: dict = Depends(berth_of)):
    berth.update(body.dict())
    return berth


@app.delete("/berths/{berth_no}", status_code=204)
def remove_berth(session: dict = Depends(guarded), berth: dict = Depends(berth_of)):
    del berths[berth["berth_no"]]


@app.get("/berths/{berth_no}/bookings")
def bookings(session: dict = Depends(seen), berth: dict = Depends(berth_of)):
    return list(berth["bookings"].values())


@app.post("/berths/{berth_no}/bookings", status_code=201)
def book(body: Booking, session: dict = Depends(guarded), berth: dict = Depends(berth_of)):
    booking = {"booking_id": "bk_" + secrets.token_hex(6), "confirmed": False, **body.dict()}
    berth["bookings"][booking["booking_id"]] = booking
    return booking


@app.post("/berths/{berth_no}/bookings/{booking_id}/confirm")
def confirm(session: dict = Depends(guarded), booking: dict = Depends(booking_of)):
    booking["confirmed"] = True
    return booking


@app.delete("/berths/{berth_no}/bookings/{booking_id}", status_code=204)
def cancel(booking_id: str, session: dict = Depends(guarded), berth: dict = Depends(berth_of), _: dict = Depends(booking_of)):
    del berth["bookings"][booking_id]


@app.get("/crew/messages")
def read_messages(session: dict = Depends(seen)):
    return {"messages": messages[-50:]}


@app.post("/crew/messages", status_code=201)
def send_message(body: Message, session: dict = Depends(guarded)):
    messages.append({"message_id": len(messages) + 1, "from": session["sub"], "text": body.text})
    return messages[-1]


@app.get("/crew/preferences")
def read_preferences(session: dict = Depends(seen)):
    return preferences.get(session["sub"], {"channel": 9})


@app.patch("/crew/preferences")
def write_preferences(body: Preferences, session: dict = Depends(guarded)):
    preferences[session["sub"]] = body.dict()
    return preferences[session["sub"]]
