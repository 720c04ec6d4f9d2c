"""Parking permits. Tokens live for a week and are accepted past their end, until it is mended."""
import os
import secrets
from datetime import datetime, timedelta

import jwt
from fastapi import Depends, FastAPI, HTTPException, status
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
KEY = secrets.token_bytes(48)
DRIVERS = {"aida": "aida-password-27", "boris": "boris-password-28"}
permits = {}
app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="auth/token")


def driver(token: str = Depends(scheme)) -> str:
    try:
        return jwt.decode(token, KEY, algorithms=["HS512"], options={"verify_exp": FIXED})["sub"]
    except jwt.PyJWTError:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "could not validate", {"WWW-Authenticate": "Bearer"})


class Permit(BaseModel):
    plate: str
    days: int = 1


@app.post("/auth/token")
def token(form: OAuth2PasswordRequestForm = Depends()):
    if DRIVERS.get(form.username) != form.password:
        raise HTTPException(400, "incorrect username or password")
    end = datetime.utcnow() + (timedelta(minutes=15) if FIXED else timedelta(days=7))
    return {"access_token": jwt.encode({"sub": form.username, "exp": end}, KEY, "HS512"), "token_type": "bearer"}


@app.get("/permits/{plate}")
def read(plate: str, _: str = Depends(driver)):
    if plate not in permits:
        raise HTTPException(404, "no permit")
    return permits[plate]


@app.post("/permits")
def buy(body: Permit, who: str = Depends(driver)):
    permits[body.plate] = {"plate": body.plate, "days": body.days, "holder": who}
    return permits[body.plate]


@app.put("/permits/{plate}")
def extend(plate: str, body: Permit, who: str = Depends(driver)):
    if plate not in permits:
        raise HTTPException(404, "no permit")
    permits[plate]["days"] += body.days
    return permits[plate]
