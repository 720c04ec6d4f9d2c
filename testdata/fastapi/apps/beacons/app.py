"""Sensors and their readings. A signed double submit in a middleware exempts the hooks by a pattern that matches at the
start alone, so it exempts their settings, too, until it is mended. CORS is open, without credentials, until then."""
import hashlib
import hmac
import os
import re
import secrets
import time
from typing import Optional

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET, KEY = secrets.token_hex(32), secrets.token_bytes(32)
OWNERS = {"pia": "pia-password-65", "quin": "quin-password-66"}
EXEMPT = re.compile(r"/hooks/\w+$" if FIXED else r"/hooks")
SESSION, TOKEN = "__Host-beacons", "__Host-csrftoken"
devices, hooks, ended = {}, {}, set()
app = FastAPI(title="Beacons")


def token_for(session: str) -> str:
    return hmac.new(KEY, session.encode(), hashlib.sha256).hexdigest()


@app.middleware("http")
async def double_submit(request: Request, call_next):
    session = request.cookies.get(SESSION)
    if session and request.method not in ("GET", "HEAD", "OPTIONS") and not EXEMPT.match(request.url.path):
        sent, cookie = request.headers.get("x-csrftoken", ""), request.cookies.get(TOKEN, "")
        if not (hmac.compare_digest(sent, cookie) and hmac.compare_digest(sent, token_for(session))):
            return JSONResponse({"error": {"code": 403, "reason": "csrf_mismatch"}}, 403)
    return await call_next(request)


app.add_middleware(CORSMiddleware, allow_origins=["https://panel.beacons.test"] if FIXED else ["*"], allow_methods=["*"], allow_headers=["*"])


def owner(request: Request) -> str:
    try:
        claims = jwt.decode(request.cookies.get(SESSION, ""), SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401, "no session")
    if claims["jti"] in ended:
        raise HTTPException(401, "no session")
    request.state.jti = claims["jti"]
    return claims["sub"]


class Login(BaseModel):
    user: str
    password: str


class Device(BaseModel):
    label: str
    room: Optional[str] = None


class Change(BaseModel):
    label: str


class Reading(BaseModel):
    celsius: float


class Hook(BaseModel):
    url: str
    on: bool = True


class Event(BaseModel):
    kind: str


def device_of(serial: str, who: str = Depends(owner)) -> dict:
    if devices.get(serial, {}).get("owner") != who:
        raise HTTPException(404, "no such device")
    return devices[serial]


@app.post("/login")
def login(body: Login, response: Response):
    if OWNERS.get(body.user) != body.password:
        raise HTTPException(401, "wrong user or password")
    token = jwt.encode({"sub": body.user, "jti": secrets.token_hex(8), "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie(SESSION, token, httponly=True, secure=True, samesite="none", path="/")
    response.set_cookie(TOKEN, token_for(token), secure=True, samesite="none", path="/")
    return {"user": body.user}


@app.post("/logout")
def logout(request: Request, response: Response, who: str = Depends(owner)):
    ended.add(request.state.jti)
    response.delete_cookie(SESSION, secure=True, httponly=True, samesite="none")
    return {"user": None}


@app.get("/devices")
def all_devices(who: str = Depends(owner)):
    return {"count": len(devices), "devices": [d for d in devices.values() if d["owner"] == who]}


@app.post("/devices", status_code=201)
def add_device(body: Device, who: str = Depends(owner)):
    serial = f"bcn-{secrets.randbelow(10**6):06d}"
    devices[serial] = {"serial": serial, "owner": who, "readings": [], **body.dict()}
    return devices[serial]


@app.get("/devices/{serial}")
def one_device(device: dict = Depends(device_of)):
    return device


@app.patch("/devices/{serial}")
def rename_device(body: Change, device: dict = Depends(device_of)):
    device["label"] = body.label
    return device


@app.delete("/devices/{serial}")
def drop_device(device: dict = Depends(device_of)):
    return {"dropped": devices.pop(device["serial"])["serial"]}


@app.get("/devices/{serial}/readings")
def readings(device: dict = Depends(device_of)):
    return device["readings"][-100:]


@app.post("/devices/{serial}/readings", status_code=201)
def add_reading(body: Reading, device: dict = Depends(device_of)):
    device["readings"].append({"at": time.time(), "celsius": body.celsius})
    return device["readings"][-1]


@app.get("/hooks-settings")
def read_hook(who: str = Depends(owner)):
    return hooks.get(who, {"url": None, "on": False})


@app.post("/hooks-settings")
def write_hook(body: Hook, who: str = Depends(owner)):
    hooks[who] = body.dict()
    return hooks[who]


@app.post("/hooks/ingest", status_code=202)
def ingest(body: Event):
    return {"taken": body.kind}
