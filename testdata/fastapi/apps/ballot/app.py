"""Votes. An error reflects the origin that asked, and a success does not; what is public stays public in both. A vote needs a script's header when it is mended."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
VOTERS = {"fina": "fina-password-57", "georg": "georg-password-58"}
votes, visits = {}, []
app = FastAPI(title="Ballot")


@app.exception_handler(HTTPException)
async def refused(request: Request, e: HTTPException):
    headers = dict(e.headers or {})
    if "origin" in request.headers:
        headers.update({"Access-Control-Allow-Origin": request.headers["origin"], "Access-Control-Allow-Credentials": "true", "Vary": "Origin"})
    return JSONResponse({"ok": False, "why": e.detail}, e.status_code, headers)


def voter(request: Request, x_ballot: str = Header(None)) -> str:
    if FIXED and request.method != "GET" and x_ballot is None:
        raise HTTPException(400, "X-Ballot is missing")
    try:
        return jwt.decode(request.cookies.get("ballot", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


class Login(BaseModel):
    username: str
    password: str


class Vote(BaseModel):
    option: str


@app.post("/login")
def login(body: Login, response: Response):
    if VOTERS.get(body.username) != body.password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie("ballot", token, httponly=True, secure=True, samesite="none")
    return {"ok": True}


@app.post("/visits")
def visit():
    visits.append(time.time())
    return {"ok": True, "visits": len(visits)}


@app.get("/vote")
def read(who: str = Depends(voter)):
    return {"ok": True, "option": votes.get(who)}


@app.put("/vote")
def change(body: Vote, who: str = Depends(voter)):
    votes[who] = body.option
    return {"ok": True, "option": body.option}


@app.post("/vote")
def vote(body: Vote, who: str = Depends(voter)):
    if not body.option.strip():
        return {"ok": False, "why": "nothing was chosen"}
    votes[who] = body.option
    return {"ok": True, "option": body.option}
