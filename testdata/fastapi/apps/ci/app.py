"""Build jobs. The algorithm is taken from the token, and so may be none, until it is mended."""
import os
import secrets
import time
from typing import List

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
USERS = {"wanda": "wanda-password-23", "xaver": "xaver-password-24"}
jobs: List[dict] = []
app = FastAPI(title="Builds", version="2.1")
bearer = HTTPBearer(auto_error=False)


def refuse():
    return HTTPException(401, "invalid token", {"WWW-Authenticate": "Bearer"})


def user(given: HTTPAuthorizationCredentials = Depends(bearer)) -> str:
    if given is None:
        raise refuse()
    try:
        alg = "HS256" if FIXED else jwt.get_unverified_header(given.credentials)["alg"]
        if alg.lower() == "none":
            return jwt.decode(given.credentials, options={"verify_signature": False})["sub"]
        return jwt.decode(given.credentials, SECRET, algorithms=["HS256"])["sub"]
    except (jwt.InvalidTokenError, KeyError):
        raise refuse()


class Job(BaseModel):
    repository: str
    branch: str = "main"


@app.post("/token")
def token(form: OAuth2PasswordRequestForm = Depends()):
    if USERS.get(form.username) != form.password:
        raise refuse()
    claims = {"sub": form.username, "iat": int(time.time()), "exp": int(time.time()) + 900}
    return {"access_token": jwt.encode(claims, SECRET, "HS256"), "token_type": "bearer"}


@app.get("/jobs")
def listing(_: str = Depends(user)):
    return jobs


@app.post("/jobs", status_code=202)
def start(job: Job, who: str = Depends(user)):
    jobs.append({"id": len(jobs) + 1, "by": who, **job.dict()})
    return jobs[-1]


@app.delete("/jobs/{id}", status_code=204)
def cancel(id: int, _: str = Depends(user)):
    if not any(j["id"] == id for j in jobs):
        raise HTTPException(404, "no such job")
    jobs[:] = [j for j in jobs if j["id"] != id]
