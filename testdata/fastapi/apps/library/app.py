"""Loans. The token may stand in the query until it is mended."""
import os
import secrets
import time
from typing import Optional

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
READERS = {"cleo": "cleo-password-29", "dario": "dario-password-30"}
loans = {}
app = FastAPI(title="Library")


def reader(authorization: Optional[str] = Header(None), access_token: Optional[str] = Query(None, include_in_schema=False)) -> str:
    token = (authorization or "")[7:]
    if not FIXED:
        token = token or access_token or ""
    try:
        return jwt.decode(token, SECRET, algorithms=["HS256"])["reader"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "who are you?", {"WWW-Authenticate": "Bearer"})


class Login(BaseModel):
    username: str
    password: str


class Loan(BaseModel):
    isbn: str
    weeks: int = 2


@app.post("/api/login")
def login(body: Login):
    if READERS.get(body.username) != body.password:
        raise HTTPException(401, "wrong", {"WWW-Authenticate": "Bearer"})
    return {"result": {"jwt": jwt.encode({"reader": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")}}


@app.get("/api/loans")
def listing(who: str = Depends(reader)):
    return [loan for loan in loans.values() if loan["reader"] == who]


@app.post("/api/loans")
def borrow(body: Loan, who: str = Depends(reader)):
    number = secrets.token_hex(6)
    loans[number] = {"loan_id": number, "reader": who, "isbn": body.isbn, "weeks": body.weeks}
    return loans[number]


@app.post("/api/loans/{loan_id}/return")
def give_back(loan_id: str, who: str = Depends(reader)):
    if loan_id not in loans or loans[loan_id]["reader"] != who:
        raise HTTPException(404, "no such loan")
    loans[loan_id]["returned"] = True
    return loans[loan_id]
