"""A clinic. Appointments; a custom header shows that a script of the own page asks."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PEOPLE = {"erin": "erin-password-5", "frank": "frank-password-6"}
appointments = {}
app = FastAPI(title="Clinic")


@app.middleware("http")
async def scripts_only(request: Request, call_next):
    if request.method not in ("GET", "HEAD", "OPTIONS") and request.url.path != "/sign-in":
        asked = request.headers.get("x-requested-with") == "XMLHttpRequest"
        if not FIXED and "authorization" in request.headers:
            asked = True
        if not asked:
            return Response('{"detail":"X-Requested-With is missing"}', 403, media_type="application/json")
    return await call_next(request)


def who(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("sid", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Not signed in", headers={"WWW-Authenticate": "Bearer"})


class SignIn(BaseModel):
    login: str
    password: str


class Appointment(BaseModel):
    doctor: str
    day: str
    note: str = ""


@app.post("/sign-in")
def sign_in(body: SignIn, response: Response):
    if PEOPLE.get(body.login) != body.password:
        raise HTTPException(401, "Wrong name or password", headers={"WWW-Authenticate": "Bearer"})
    response.set_cookie("sid", jwt.encode({"sub": body.login, "exp": int(time.time()) + 600}, SECRET, "HS256"), httponly=True, secure=True, samesite="none")
    return {"ok": True}


@app.get("/appointments")
def listing(user: str = Depends(who)):
    return [a for a in appointments.values() if a["patient"] == user]


@app.post("/appointments", status_code=201)
def book(body: Appointment, user: str = Depends(who)):
    number = len(appointments) + 1
    appointments[number] = {"id": number, "patient": user, **body.dict()}
    return appointments[number]


@app.post("/appointments/{appointment_id}/cancel")
def cancel(appointment_id: int, user: str = Depends(who)):
    a = appointments.get(appointment_id)
    if a is None or a["patient"] != user:
        raise HTTPException(404)
    a["cancelled"] = True
    return a
