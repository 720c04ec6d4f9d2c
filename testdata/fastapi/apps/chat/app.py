"""Rooms to talk in, over a WebSocket. Its handshake is not asked where it comes from until it is mended."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response, WebSocket
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
MEMBERS = {"ulla": "ulla-password-21", "vito": "vito-password-22"}
messages = []
app = FastAPI(title="Rooms")


def name_in(token: str) -> str:
    return jwt.decode(token or "", SECRET, algorithms=["HS256"])["sub"]


def member(request: Request, x_requested_with: str = Header(None)) -> str:
    if request.method != "GET" and x_requested_with != "XMLHttpRequest":
        raise HTTPException(403, "X-Requested-With is missing")
    try:
        return name_in(request.cookies.get("rooms"))
    except jwt.InvalidTokenError:
        raise HTTPException(401, "not a member", {"WWW-Authenticate": "Bearer"})


class Credentials(BaseModel):
    username: str
    password: str


class Message(BaseModel):
    text: str


@app.post("/rooms/login")
def login(body: Credentials, response: Response):
    if MEMBERS.get(body.username) != body.password:
        raise HTTPException(401, "not a member", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie("rooms", token, httponly=True, secure=True, samesite="none")
    return {"member": body.username}


@app.get("/rooms/messages")
def history(_: str = Depends(member)):
    return messages


@app.post("/rooms/messages")
def say(body: Message, user: str = Depends(member)):
    messages.append({"from": user, "text": body.text})
    return messages[-1]


@app.websocket("/ws")
async def live(socket: WebSocket):
    origin = socket.headers.get("origin")
    if FIXED and origin != f"http://{socket.headers.get('host')}":
        return await socket.close(1008)
    try:
        user = name_in(socket.cookies.get("rooms"))
    except jwt.InvalidTokenError:
        return await socket.close(1008)
    await socket.accept()
    await socket.send_json({"welcome": user})
    async for text in socket.iter_text():
        messages.append({"from": user, "text": text})
        await socket.send_json(messages[-1])
