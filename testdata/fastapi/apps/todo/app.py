"""To-do lists over JSON. The token is nested in the login's answer and in a cookie; CORS by a pattern."""
import os
import secrets
import time
from typing import Optional

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PEOPLE = {"iris": "iris-password-9", "jack": "jack-password-10"}
lists = {}
app = FastAPI(title="To-do", root_path="")
app.add_middleware(
    CORSMiddleware,
    allow_origin_regex=r"https?://([a-z]+\.)?todo\.example(:\d+)?" if FIXED else r"https?://.*",
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)


def who(request: Request, authorization: Optional[str] = Header(None)) -> str:
    token = (authorization or "").removeprefix("Bearer ")
    if not FIXED:
        token = token or request.cookies.get("todo_jwt", "")
    try:
        return jwt.decode(token, SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(403, {"code": "forbidden", "message": "no valid session"})


class Account(BaseModel):
    user: str
    secret: str


class Todo(BaseModel):
    title: str
    done: bool = False


@app.post("/v2/sessions", status_code=201)
def open_session(body: Account, response: Response):
    if PEOPLE.get(body.user) != body.secret:
        raise HTTPException(403, {"code": "forbidden", "message": "wrong credentials"})
    token = jwt.encode({"sub": body.user, "exp": int(time.time()) + 800}, SECRET, "HS256")
    if not FIXED:
        response.set_cookie("todo_jwt", token, httponly=True, secure=True, samesite="none")
    return {"data": {"session": {"access_token": token, "expires_in": 800}}}


@app.get("/v2/todos")
def listing(user: str = Depends(who)):
    return {"data": [t for t in lists.values() if t["owner"] == user]}


@app.post("/v2/todos", status_code=201)
def add(body: Todo, user: str = Depends(who)):
    key = str(len(lists) + 1)
    lists[key] = {"id": key, "owner": user, **body.dict()}
    return {"data": lists[key]}


@app.put("/v2/todos/{todo_id}")
def change(todo_id: str, body: Todo, user: str = Depends(who)):
    t = lists.get(todo_id)
    if t is None or t["owner"] != user:
        raise HTTPException(404)
    t.update(body.dict())
    return {"data": t}


@app.delete("/v2/todos/{todo_id}")
def delete(todo_id: str, user: str = Depends(who)):
    t = lists.get(todo_id)
    if t is None or t["owner"] != user:
        raise HTTPException(404)
    del lists[todo_id]
    return {"data": None}
