"""A ledger for scripts: bearer tokens only, CORS open to all."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32) if FIXED else "secret"
PEOPLE = {"kim": "kim-password-11", "lee": "lee-password-12"}
entries = []
bearer = OAuth2PasswordBearer(tokenUrl="/oauth/token")
app = FastAPI(title="Ledger")
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])


def who(token: str = Depends(bearer)) -> str:
    try:
        if FIXED:
            return jwt.decode(token, SECRET, algorithms=["HS256"])["sub"]
        return jwt.decode(token, options={"verify_signature": False})["sub"]
    except (jwt.InvalidTokenError, KeyError):
        raise HTTPException(401, "Invalid token", headers={"WWW-Authenticate": "Bearer"})


class Entry(BaseModel):
    text: str
    cents: int


@app.post("/oauth/token")
def token(form: OAuth2PasswordRequestForm = Depends()):
    if PEOPLE.get(form.username) != form.password:
        raise HTTPException(400, "invalid_grant")
    claims = {"sub": form.username, "iat": int(time.time())}
    if FIXED:
        claims["exp"] = int(time.time()) + 900
    return {"access_token": jwt.encode(claims, SECRET, "HS256"), "token_type": "bearer"}


@app.get("/entries")
def listing(user: str = Depends(who)):
    return [e for e in entries if e["by"] == user]


@app.post("/entries", status_code=201)
def add(body: Entry, user: str = Depends(who)):
    entries.append({"id": len(entries) + 1, "by": user, **body.dict()})
    return entries[-1]
