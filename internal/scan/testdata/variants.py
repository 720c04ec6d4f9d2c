"""Notes behind a session, with each defence and each flaw as a switch in VARIANT."""
import base64
import json
import os
import secrets
import time
from typing import List, Optional

import jwt
from fastapi import Depends, FastAPI, File, Form, HTTPException, Request, Response, UploadFile
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel, Field

ON = set(os.environ.get("VARIANT", "").split())
SECRET = "supersecretkey" if "weak-secret" in ON else secrets.token_urlsafe(40)
SAMESITE = next((s for s in ("none", "strict", "lax") if s in ON), None)

app = FastAPI(title="Notes")
origins = {
    "cors-any": {"allow_origins": ["*"]},
    "cors-string": {"allow_origins": "https://app.example.com"},
    "cors-dot": {"allow_origin_regex": "https://app.example.com"},
    "cors-suffix": {"allow_origin_regex": r"https://.*example\.com"},
    "cors-subdomains": {"allow_origin_regex": r"https://.*\.example\.com"},
    "cors-list": {"allow_origins": ["https://app.example.com"]},
}
for name, setting in origins.items():
    if name in ON:
        app.add_middleware(CORSMiddleware, allow_credentials=True, allow_methods=["*"], allow_headers=["*"], **setting)

users = {
    name: {"username": name, "password": password, "bio": ""}
    for name, password in (("alice", "wonderland-7"), ("mallory", "looking-glass-9"))
}
tokens = {}
revoked = set()
notes = {}


def issue(user: str) -> str:
    claims = {"sub": user, "iat": int(time.time()), "jti": secrets.token_hex(4)}
    if "no-expiry" not in ON:
        claims["exp"] = int(time.time()) + (7 * 86400 if "long-lived" in ON else 600)
    return jwt.encode(claims, SECRET, algorithm="HS256")


def verify(token: Optional[str]) -> str:
    challenge = {} if "no-challenge" in ON else {"WWW-Authenticate": "Bearer"}
    try:
        if "not-verified" in ON:
            claims = jwt.decode(token, options={"verify_signature": False})
        elif "alg-none" in ON and jwt.get_unverified_header(token)["alg"].lower() == "none":
            claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        else:
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": "expired-accepted" not in ON})
    except Exception:
        raise HTTPException(401, "Not authenticated", headers=challenge)
    if token in revoked or claims["sub"] not in users:
        raise HTTPException(401, "Not authenticated", headers=challenge)
    return claims["sub"]


def presented(request: Request) -> Optional[str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    header = value if scheme.lower() == "bearer" else None
    cookie = request.cookies.get("session")
    if "query" in ON and not header:
        header = request.query_params.get("token")
    if "header" in ON:
        return header
    if "either" in ON:
        return cookie or header
    return cookie


def reader(request: Request) -> str:
    return verify(presented(request))


def writer(request: Request, user: str = Depends(reader)) -> str:
    sent = request.headers.get("x-csrf-token")
    if "double-submit" in ON and not ("skipped-by-header" in ON and "authorization" in request.headers):
        if not sent or sent != request.cookies.get("csrftoken"):
            raise HTTPException(403, "CSRF token missing or incorrect")
    if "session-token" in ON and (sent not in tokens.values() if "unbound" in ON else sent != tokens.get(user)):
        raise HTTPException(403, "CSRF token missing or incorrect")
    if "origin-check" in ON and request.headers.get("origin") != f"http://{request.headers['host']}":
        raise HTTPException(403, "Foreign origin")
    if "custom-header" in ON and request.headers.get("x-requested-with") != "XMLHttpRequest":
        raise HTTPException(403, "Missing header")
    return user


class Login(BaseModel):
    username: str
    password: str


@app.post("/auth/login")
def login(body: Login, response: Response):
    if body.username not in users or users[body.username]["password"] != body.password:
        raise HTTPException(401, "Wrong name or password", headers={"WWW-Authenticate": "Bearer"})
    token = issue(body.username)
    answer = {"ok": True}
    if "header" not in ON:
        response.set_cookie("session", token, httponly=True, secure=True, samesite=SAMESITE)
    if "header" in ON or "either" in ON:
        answer = {"data": {"access_token": token}}
    if "double-submit" in ON:
        response.set_cookie("csrftoken", secrets.token_hex(16), secure=True)
    if "session-token" in ON or "token-unused" in ON:
        answer["csrf_token"] = tokens.setdefault(body.username, secrets.token_hex(16))
    return answer


@app.post("/auth/logout")
def logout(request: Request, response: Response, user: str = Depends(writer)):
    if "survives" not in ON:
        revoked.add(presented(request))
    response.delete_cookie("session", secure=True, httponly=True)
    return {"ok": True}


@app.get("/me")
def me(user: str = Depends(reader)):
    return {k: v for k, v in users[user].items() if k != "password"}


class Profile(BaseModel):
    bio: Optional[str] = None


@app.patch("/me")
def change(body: Profile, user: str = Depends(writer)):
    users[user]["bio"] = body.bio
    return {"ok": True}


class NoteIn(BaseModel):
    title: str = Field(min_length=3, max_length=40)
    text: str
    tags: List[str] = []


def kept(note_id: int) -> dict:
    if note_id not in notes:
        raise HTTPException(404, "No such note")
    return notes[note_id]


@app.get("/notes")
def index(user: str = Depends(reader)):
    return [n for n in notes.values() if n["owner"] == user]


@app.post("/notes", status_code=201)
def add(body: NoteIn, user: str = Depends(writer)):
    number = max(notes, default=0) + 1
    notes[number] = {"id": number, "owner": user, **body.dict()}
    return notes[number]


@app.get("/notes/{note_id}")
def read(note_id: int, user: str = Depends(reader)):
    return kept(note_id)


@app.delete("/notes/{note_id}", status_code=204)
def delete(note_id: int, user: str = Depends(writer)):
    kept(note_id)
    del notes[note_id]


@app.post("/notes/{note_id}/archive")
def archive(note_id: int, user: str = Depends(writer)):
    note = kept(note_id)
    if note.get("archived"):
        raise HTTPException(409, "Archived already")
    note["archived"] = True
    return note


@app.post("/theme")
def theme(theme: str = Form(), user: str = Depends(writer)):
    users[user]["theme"] = theme
    return {"ok": True}


@app.post("/picture")
def picture(file: UploadFile = File(), user: str = Depends(writer)):
    users[user]["picture"] = len(file.file.read())
    return {"ok": True}


@app.post("/contact")
def contact(message: str = Form()):
    return {"ok": True}


if "error-200" in ON:

    @app.post("/soft")
    def soft(body: NoteIn, request: Request):
        try:
            user = writer(request, reader(request))
        except HTTPException:
            return {"success": False, "error": "You are not logged in"}
        users[user]["soft"] = body.title
        return {"success": True, "error": None}


if "get-writes" in ON:

    @app.get("/role")
    def role(name: str, user: str = Depends(reader)):
        users[user]["role"] = name
        return {"ok": True}
