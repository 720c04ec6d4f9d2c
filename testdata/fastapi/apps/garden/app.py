"""Beds and plants. The page keeps the token in localStorage until it is mended, then in a variable."""
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
GARDENERS = {"heidi": "heidi-password-59", "ivo": "ivo-password-60"}
beds = []
app = FastAPI(title="Garden")
KEEP = "kept = answer.access_token" if FIXED else "localStorage.setItem('access_token', answer.access_token)"


def gardener(token: str = Depends(OAuth2PasswordBearer(tokenUrl="token"))) -> str:
    try:
        return jwt.decode(token, SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})


class Bed(BaseModel):
    plant: str


@app.get("/app", response_class=HTMLResponse, include_in_schema=False)
def page():
    return f"""<!doctype html><title>Garden</title>
<form id="f"><input name="username" autocomplete="username"><input name="password" type="password"><button>In</button></form><p id="p"></p>
<script>
let kept;
document.getElementById("f").addEventListener("submit", async event => {{
  event.preventDefault();
  const answer = await (await fetch("/token", {{method: "POST", body: new URLSearchParams(new FormData(event.target))}})).json();
  {KEEP};
  document.getElementById("p").textContent = "welcome";
}});
</script>"""


@app.post("/token")
def token(form: OAuth2PasswordRequestForm = Depends()):
    if GARDENERS.get(form.username) != form.password:
        raise HTTPException(401, "unauthorized", {"WWW-Authenticate": "Bearer"})
    return {"access_token": jwt.encode({"sub": form.username, "exp": int(time.time()) + 900}, SECRET, "HS256"), "token_type": "bearer"}


@app.get("/beds")
def listing(who: str = Depends(gardener)):
    return [b for b in beds if b["gardener"] == who]


@app.post("/beds")
def plant(body: Bed, who: str = Depends(gardener)):
    beds.append({"bed": len(beds) + 1, "gardener": who, "plant": body.plant})
    return beds[-1]
