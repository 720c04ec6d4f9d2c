"""A forum of HTML forms. The login answers 303; a double-submit token guards the forms."""
import hashlib
import hmac
import os
import secrets
import time

import jwt
from fastapi import Cookie, Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PEOPLE = {"carol": "carol-password-3", "dave": "dave-password-4"}
threads = []
app = FastAPI(title="Forum")


def who(auth: str = Cookie(None)) -> str:
    try:
        return jwt.decode(auth or "", SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Please log in", headers={"WWW-Authenticate": "Bearer"})


def token_for(auth: str) -> str:
    value = secrets.token_hex(8)
    if not FIXED:
        return value
    return value + "." + hmac.new(SECRET.encode(), f"{len(auth)}!{auth}!{value}".encode(), hashlib.sha256).hexdigest()


def checked(request: Request, csrf_token: str = Form(""), user: str = Depends(who)) -> str:
    sent = request.cookies.get("csrf_token", "")
    good = bool(sent) and hmac.compare_digest(sent, csrf_token)
    if good and FIXED:
        value, _, mac = sent.partition(".")
        auth = request.cookies["auth"]
        good = hmac.compare_digest(mac, hmac.new(SECRET.encode(), f"{len(auth)}!{auth}!{value}".encode(), hashlib.sha256).hexdigest())
    if not good:
        raise HTTPException(403, "CSRF token missing or incorrect")
    return user


@app.post("/session")
def log_in(email: str = Form(), password: str = Form()):
    if PEOPLE.get(email) != password:
        return HTMLResponse("<p>Wrong name or password</p>", 401)
    auth = jwt.encode({"sub": email, "exp": int(time.time()) + 600}, SECRET, "HS256")
    response = RedirectResponse("/threads", 303)
    response.set_cookie("auth", auth, httponly=True, secure=True, samesite="none")
    response.set_cookie("csrf_token", token_for(auth), secure=True, samesite="none")
    return response


@app.get("/threads")
def listing(user: str = Depends(who)):
    return threads


@app.post("/threads")
def post(title: str = Form(), text: str = Form(), user: str = Depends(checked)):
    threads.append({"id": len(threads) + 1, "title": title, "text": text, "by": user})
    return RedirectResponse("/threads", 303)


@app.post("/threads/{thread_id}/close")
def close(thread_id: int, user: str = Depends(checked)):
    for t in threads:
        if t["id"] == thread_id:
            t["closed"] = True
            return {"closed": True}
    raise HTTPException(404)
