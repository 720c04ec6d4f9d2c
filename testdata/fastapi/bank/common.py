"""What the variants of the bank have in common: accounts and money."""
import hashlib
import hmac
import secrets
import time
from typing import Optional

import jwt
from fastapi import HTTPException
from pydantic import BaseModel, Field

ALGORITHM = "HS256"
LIFETIME = 15 * 60


class Credentials(BaseModel):
    username: str
    password: str


class Transfer(BaseModel):
    to: str
    amount: int = Field(gt=0)


class Email(BaseModel):
    email: str


class Bank:
    def __init__(self):
        self.secret = secrets.token_urlsafe(48)
        self.users = {
            name: {"password": password, "balance": 1_000_000, "email": f"{name}@bank.test", "history": []}
            for name, password in (("alice", "wonderland-7"), ("mallory", "looking-glass-9"))
        }

    def login(self, username: str, password: str) -> str:
        user = self.users.get(username)
        if user is None or not hmac.compare_digest(user["password"], password):
            raise HTTPException(401, "Incorrect username or password", headers={"WWW-Authenticate": "Bearer"})
        return self.issue(username)

    def issue(self, username: str, lifetime: int = LIFETIME) -> str:
        now = int(time.time())
        claims = {"sub": username, "iat": now, "exp": now + lifetime, "jti": secrets.token_hex(8)}
        return jwt.encode(claims, self.secret, algorithm=ALGORITHM)

    def verify(self, token: Optional[str]) -> str:
        headers = {"WWW-Authenticate": "Bearer"}
        if not token:
            raise HTTPException(401, "Not authenticated", headers=headers)
        try:
            claims = jwt.decode(token, self.secret, algorithms=[ALGORITHM], options={"require": ["exp", "sub"]})
        except jwt.ExpiredSignatureError:
            raise HTTPException(401, "Token expired", headers=headers)
        except jwt.InvalidTokenError:
            raise HTTPException(401, "Invalid token", headers=headers)
        if claims["sub"] not in self.users:
            raise HTTPException(401, "Invalid token", headers=headers)
        return claims["sub"]

    def transfer(self, sender: str, to: str, amount: int) -> dict:
        user = self.users[sender]
        if to not in self.users:
            raise HTTPException(404, "No such account")
        if amount > user["balance"]:
            raise HTTPException(409, "Insufficient funds")
        user["balance"] -= amount
        self.users[to]["balance"] += amount
        user["history"].append({"to": to, "amount": amount})
        return {"status": "ok"}

    def me(self, name: str) -> dict:
        return {"username": name, "email": self.users[name]["email"]}


def csrf_token(secret: str, session: str) -> str:
    """OWASP's signed double submit: an HMAC over the session and a random value."""
    value = secrets.token_hex(16)
    return f"{_mac(secret, session, value)}.{value}"


def csrf_valid(secret: str, session: str, token: str) -> bool:
    mac, _, value = token.partition(".")
    return bool(value) and hmac.compare_digest(mac.encode(), _mac(secret, session, value).encode())


def _mac(secret: str, session: str, value: str) -> str:
    message = f"{len(session)}!{session}!{len(value)}!{value}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Bank</title>
<h1>Bank</h1><p>This is a demonstration bank. Its API is described at <a href="/docs">/docs</a>.</p></html>"""
