"""Salaries. CORS trusts origins by a pattern whose dots are not escaped until it is mended."""
import os
import secrets
import time
from uuid import uuid4

import jwt
from fastapi import APIRouter, Cookie, Depends, FastAPI, HTTPException, Response
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SIGNING = secrets.token_urlsafe(48)
CLERKS = {"quentin": "quentin-password-17", "rosa": "rosa-password-18"}
bonuses = []
app = FastAPI(title="Payroll", openapi_url="/docs/openapi.json")
app.add_middleware(
    CORSMiddleware,
    allow_origin_regex=r"https://(app|hr)\.example\.com" if FIXED else r"https://(app|hr).example.com",
    allow_credentials=True,
    allow_methods=["POST"],
    allow_headers=["content-type"],
)


def clerk(payroll_token: str = Cookie(None)) -> str:
    if payroll_token is None:
        raise HTTPException(status_code=401, detail={"error": "unauthenticated"}, headers={"WWW-Authenticate": "Cookie"})
    try:
        return jwt.decode(payroll_token, SIGNING, algorithms=["HS256"], audience="payroll")["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(status_code=401, detail={"error": "unauthenticated"}, headers={"WWW-Authenticate": "Cookie"})


class Login(BaseModel):
    email: str
    password: str


class Bonus(BaseModel):
    employee: str
    cents: int


api = APIRouter(prefix="/api/payroll", dependencies=[Depends(clerk)])


@app.post("/api/session", status_code=204, response_class=Response)
def start(body: Login):
    name = body.email.split("@")[0]
    if CLERKS.get(name) != body.password:
        raise HTTPException(status_code=401, detail={"error": "credentials"}, headers={"WWW-Authenticate": "Cookie"})
    answer = Response(status_code=204)
    token = jwt.encode({"sub": name, "aud": "payroll", "exp": int(time.time()) + 600}, SIGNING, "HS256")
    answer.set_cookie("payroll_token", token, httponly=True, secure=True, samesite="strict")
    return answer


@api.get("/bonuses")
def listing():
    return {"bonuses": bonuses}


@api.patch("/bonuses")
def grant(body: Bonus):
    entry = {"id": str(uuid4()), **body.dict()}
    bonuses.append(entry)
    return entry


app.include_router(api)
