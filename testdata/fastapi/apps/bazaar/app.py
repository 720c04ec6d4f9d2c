"""A bazaar, as pages with htmx. Handlers read their forms by themselves, the form for a new good stands on a page of its own,
what a good is called must be unique, and whoever registers is logged in at once. Mended by comparing Origin."""
import html
import os
import secrets
import time

import jwt
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
TRADERS = {"zora": "zora-password-61", "adil": "adil-password-62"}
ROBOTS = set()  # those who registered may look only
goods = {}
app = FastAPI(title="Bazaar")


@app.middleware("http")
async def same_origin(request: Request, call_next):
    if FIXED and request.method not in ("GET", "HEAD", "OPTIONS"):
        if request.headers.get("origin") != f"{request.url.scheme}://{request.headers.get('host')}":
            return HTMLResponse("<p>Not from here</p>", 403)
    return await call_next(request)


def trader(request: Request, change: bool = True) -> str:
    try:
        name = jwt.decode(request.cookies.get("stall", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Log in first", {"WWW-Authenticate": "Bearer"})
    if change and name in ROBOTS:
        raise HTTPException(403, "Permission denied: goods.change")
    return name


def enter(name: str) -> RedirectResponse:
    answer = RedirectResponse("/goods", 302)
    token = jwt.encode({"sub": name, "exp": int(time.time()) + 900}, SECRET, "HS256")
    answer.set_cookie("stall", token, httponly=True, secure=True, samesite="strict")
    return answer


def form(where: str) -> str:
    return f'<form hx-post="{where}"><input name="title" required><input name="sku"><input name="price" type="number"><button>Keep</button></form>'


@app.get("/login", response_class=HTMLResponse)
def login_page():
    return '<form method="post" action="/login"><input name="email"><input type="password" name="password"><button>In</button></form>'


@app.post("/login")
async def login(request: Request):
    sent = await request.form()
    if TRADERS.get(str(sent.get("email"))) != sent.get("password"):
        return HTMLResponse("<p>No such trader</p>", 400)
    return enter(str(sent["email"]))


@app.get("/register", response_class=HTMLResponse)
def register_page(request: Request):
    if request.cookies.get("stall"):
        return RedirectResponse("/goods", 302)
    return '<form method="post" action="/register"><input name="email" type="email"><input type="password" name="password"><input name="display_name"><button>Join</button></form>'


@app.post("/register")
async def register(request: Request):
    sent = await request.form()
    name = str(sent.get("email", ""))
    if not name or not sent.get("password") or not sent.get("display_name"):
        return HTMLResponse("<p>All fields are required</p>", 400)
    if name in TRADERS:
        return HTMLResponse("<p>Taken</p>", 400)
    TRADERS[name] = str(sent["password"])
    ROBOTS.add(name)
    return enter(name)


@app.post("/logout")
def logout():
    answer = RedirectResponse("/login", 302)
    answer.delete_cookie("stall", httponly=True, secure=True, samesite="strict")
    return answer


@app.get("/goods", response_class=HTMLResponse)
def listing(request: Request):
    trader(request, change=False)
    rows = "".join(f'<li><a href="/goods/{key}">{html.escape(g["title"])}</a></li>' for key, g in goods.items())
    return f'<ul>{rows}</ul><a href="/goods/new">new</a>'


@app.get("/goods/new", response_class=HTMLResponse)
def new(request: Request):
    trader(request)
    return form("/goods")


@app.post("/goods")
async def create(request: Request):
    trader(request)
    sent = await request.form()
    if not sent.get("title"):
        return HTMLResponse("<p>What is it called?</p>", 400)
    if any(g["sku"] == sent.get("sku", "") for g in goods.values()):
        raise RuntimeError("the sku is not unique")
    goods[secrets.token_hex(8)] = {"title": str(sent.get("title", "")), "sku": str(sent.get("sku", "")), "price": float(sent.get("price", 0))}
    return RedirectResponse("/goods", 302)


@app.get("/goods/{good_id}", response_class=HTMLResponse)
def show(request: Request, good_id: str):
    trader(request, change=False)
    if good_id not in goods:
        return HTMLResponse("<p>Not found</p>", 404)
    g = goods[good_id]
    return f'<h1>{html.escape(g["title"])}</h1><p>{g["price"]}</p>{form("/goods/" + good_id)}<button hx-delete="/goods/{good_id}">delete</button>'


@app.post("/goods/{good_id}")
async def change(request: Request, good_id: str):
    trader(request)
    if good_id not in goods:
        return HTMLResponse("<p>Not found</p>", 404)
    sent = await request.form()
    if not sent.get("title"):
        return HTMLResponse("<p>What is it called?</p>", 400)
    g = goods[good_id]
    goods[good_id] = {"title": str(sent["title"]), "sku": g["sku"], "price": float(sent.get("price", g["price"]))}
    return RedirectResponse("/goods", 302)


@app.delete("/goods/{good_id}")
def delete(request: Request, good_id: str):
    trader(request)
    if goods.pop(good_id, None) is None:
        return HTMLResponse("<p>Not found</p>", 404)
    return RedirectResponse("/goods", 302)
