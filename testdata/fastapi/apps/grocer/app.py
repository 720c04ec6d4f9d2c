"""A grocer with pages: hidden tokens in forms, orders that are made elsewhere than they live.

Vulnerable: the theme's token is looked at only where there is one, orders are paid by GET, and checking out
believes any Referer that has the host's name in it. Fixed: the token is demanded by all three.
"""

import hashlib
import hmac
import os
import secrets
import time

import jwt
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

FIXED = os.environ.get("FIXED") == "1"
KEY = secrets.token_hex(32)
app = FastAPI()
people = {"odile": "odile-password-71", "bruno": "bruno-password-72"}
profiles = {name: {"theme": "light", "address": "", "orders": {}} for name in people}


def customer(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("basket", ""), KEY, algorithms=["HS256"])["sub"]
    except jwt.PyJWTError:
        raise HTTPException(401, "Sign in first", headers={"WWW-Authenticate": "Bearer"})


def token_of(name: str) -> str:
    return hmac.new(KEY.encode(), name.encode(), hashlib.sha256).hexdigest()


def check(token: str, name: str) -> None:
    if not hmac.compare_digest(token.encode(), token_of(name).encode()):
        raise HTTPException(403, "The form is stale")


@app.get("/signin", response_class=HTMLResponse)
def signin_page():
    return "<form method=post action=/signin><input name=login><input name=passphrase type=password><button>Go</button></form>"


@app.post("/signin")
def signin(login: str = Form(...), passphrase: str = Form(...)):
    if people.get(login) != passphrase:
        return HTMLResponse("<p>No such customer, or not that passphrase</p>")
    answer = RedirectResponse("/account", 303)
    claims = {"sub": login, "exp": int(time.time()) + 900}
    answer.set_cookie("basket", jwt.encode(claims, KEY, "HS256"), httponly=True, secure=True, samesite="lax")
    return answer


@app.get("/account", response_class=HTMLResponse)
def account(name: str = Depends(customer)):
    return (
        f"<p>{name}: {profiles[name]['address']}</p>"
        f"<form method=post action=/account/address><input type=hidden name=csrf value={token_of(name)}><input name=address></form>"
    )


@app.post("/account/address")
def address(address: str = Form(...), csrf: str = Form(""), name: str = Depends(customer)):
    check(csrf, name)
    profiles[name]["address"] = address
    return RedirectResponse("/account", 303)


@app.post("/account/theme")
def theme(theme: str = Form(...), csrf: str | None = Form(None), name: str = Depends(customer)):
    if csrf is not None or FIXED:
        check(csrf or "", name)
    profiles[name]["theme"] = theme
    return {"theme": theme}


@app.get("/account/settings")
def settings(name: str = Depends(customer)):
    return {"theme": profiles[name]["theme"], "address": profiles[name]["address"]}


@app.post("/cart/checkout")
def checkout(request: Request, csrf: str = Form(""), name: str = Depends(customer)):
    if FIXED:
        check(csrf, name)
    elif "127.0.0.1" not in request.headers.get("referer", ""):
        raise HTTPException(403, "Foreign")
    order = secrets.token_hex(4)
    profiles[name]["orders"][order] = {"id": order, "paid": False}
    return {"order_id": order}


def order_of(name: str, order_id: str) -> dict:
    if order_id not in profiles[name]["orders"]:
        raise HTTPException(404, "No such order")
    return profiles[name]["orders"][order_id]


@app.get("/orders")
def orders(name: str = Depends(customer)):
    return list(profiles[name]["orders"].values())


@app.get("/orders/{order_id}")
def order(order_id: str, name: str = Depends(customer)):
    return order_of(name, order_id)


@app.delete("/orders/{order_id}")
def cancel(order_id: str, name: str = Depends(customer)):
    order_of(name, order_id)
    return profiles[name]["orders"].pop(order_id)


if FIXED:

    @app.post("/orders/{order_id}/pay")
    def pay(order_id: str, csrf: str = Form(""), name: str = Depends(customer)):
        check(csrf, name)
        order_of(name, order_id)["paid"] = True
        return {"paid": True}

else:

    @app.get("/orders/{order_id}/pay")
    def pay_by_link(order_id: str, name: str = Depends(customer)):
        order_of(name, order_id)["paid"] = True
        return {"paid": True}


@app.post("/signout")
def signout(csrf: str = Form(""), name: str = Depends(customer)):
    if FIXED:
        check(csrf, name)
    answer = RedirectResponse("/signin", 303)
    answer.delete_cookie("basket", httponly=True, secure=True, samesite="lax")
    return answer
