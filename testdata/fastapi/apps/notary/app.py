"""Deeds. Tokens are RS256 with the key published as JWKS; the verifier takes it for an HMAC secret until it is mended."""
import base64
import hashlib
import hmac
import json
import os
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
PEOPLE = {"yara": "yara-password-25", "zeno": "zeno-password-26"}
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
deeds = []
app = FastAPI(title="Notary")


def unpack(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def b64(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def verify(token: str) -> dict:
    if FIXED or jwt.get_unverified_header(token)["alg"] != "HS256":
        return jwt.decode(token, PUBLIC, algorithms=["RS256"])
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(hmac.new(PUBLIC, signed.encode(), hashlib.sha256).digest(), unpack(signature)):
        raise jwt.InvalidSignatureError("signature")
    claims = json.loads(unpack(signed.split(".")[1]))
    if claims["exp"] < time.time():
        raise jwt.ExpiredSignatureError("expired")
    return claims


def client(authorization: str = Header("")) -> str:
    scheme, _, token = authorization.partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise ValueError(scheme)
        return verify(token)["sub"]
    except (jwt.InvalidTokenError, ValueError, KeyError):
        raise HTTPException(401, {"code": "token_invalid"}, {"WWW-Authenticate": 'Bearer error="invalid_token"'})


class SignIn(BaseModel):
    login: str
    password: str


class Deed(BaseModel):
    title: str


@app.get("/.well-known/jwks.json")
def jwks():
    n = PRIVATE.public_key().public_numbers()
    return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": b64(n.n), "e": b64(n.e)}]}


@app.post("/signin")
def signin(body: SignIn):
    if PEOPLE.get(body.login) != body.password:
        raise HTTPException(401, {"code": "credentials"}, {"WWW-Authenticate": "Bearer"})
    now = int(time.time())
    return {"token": jwt.encode({"sub": body.login, "iat": now, "exp": now + 900}, PRIVATE, "RS256", headers={"kid": "1"})}


@app.get("/deeds")
def listing(_: str = Depends(client)):
    return deeds


@app.post("/deeds")
def draw_up(body: Deed, who: str = Depends(client)):
    deeds.append({"deed_id": f"d-{len(deeds) + 1}", "title": body.title, "by": who})
    return deeds[-1]
