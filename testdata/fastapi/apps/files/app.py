"""Files to upload. A CSRF token that is good for one request."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, File, HTTPException, Request, Response, UploadFile
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PEOPLE = {"mona": "mona-password-13", "nick": "nick-password-14"}
files, tokens = {}, {}
app = FastAPI(title="Files")


def who(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("jwt", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})


def once(request: Request, response: Response, user: str = Depends(who)) -> str:
    if FIXED:
        sent = request.headers.get("x-csrf-token", "")
        if not sent or tokens.pop(user, None) != sent:
            raise HTTPException(403, "CSRF token missing, wrong or used")
        tokens[user] = response.headers["X-CSRF-Token"] = secrets.token_hex(16)
    return user


class Credentials(BaseModel):
    username: str
    password: str


@app.post("/login")
def login(body: Credentials, response: Response):
    if PEOPLE.get(body.username) != body.password:
        raise HTTPException(401, "Wrong name or password", headers={"WWW-Authenticate": "Bearer"})
    response.set_cookie("jwt", jwt.encode({"sub": body.username, "exp": int(time.time()) + 600}, SECRET, "HS256"), httponly=True, secure=True, samesite="none")
    return {"message": "welcome"}


@app.get("/csrf")
def csrf(user: str = Depends(who)):
    tokens[user] = secrets.token_hex(16)
    return {"csrf_token": tokens[user]}


@app.get("/files")
def listing(user: str = Depends(who)):
    return [f for f in files.values() if f["owner"] == user]


@app.post("/files", status_code=201)
async def upload(file: UploadFile = File(), user: str = Depends(once)):
    number = len(files) + 1
    files[number] = {"id": number, "owner": user, "name": file.filename, "size": len(await file.read())}
    return files[number]


@app.post("/files/{file_id}/share")
def share(file_id: int, user: str = Depends(once)):
    f = files.get(file_id)
    if f is None or f["owner"] != user:
        raise HTTPException(404, "No such file")
    f["shared"] = f.get("shared", 0) + 1
    return f
