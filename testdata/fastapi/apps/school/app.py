"""Marks, as pages. Handlers read their forms by themselves; a link deletes until it is mended, then a form with a token does."""
import hashlib
import hmac
import html
import os
import secrets
import time

import jwt
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
TEACHERS = {"xenia": "xenia-password-49", "yusuf": "yusuf-password-50"}
marks = {}
app = FastAPI(title="School")


def teacher(request: Request):
    try:
        return jwt.decode(request.cookies.get("school", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        return None


def stamp(request: Request) -> str:
    return hmac.new(SECRET.encode(), request.cookies.get("school", "").encode(), hashlib.sha256).hexdigest()


def field(request: Request) -> str:
    return f'<input type="hidden" name="csrf_token" value="{stamp(request)}">' if FIXED else ""


async def genuine(request: Request) -> bool:
    form = await request.form()
    return not FIXED or hmac.compare_digest(str(form.get("csrf_token", "")), stamp(request))


@app.get("/", response_class=HTMLResponse)
def start():
    return '<form method="post" action="/"><input name="teacher"><input type="password" name="word"><button>In</button></form>'


@app.post("/")
async def enter(request: Request):
    form = await request.form()
    if TEACHERS.get(str(form.get("teacher"))) != form.get("word"):
        return HTMLResponse("<p>No such teacher</p>", 401, {"WWW-Authenticate": "Bearer"})
    answer = RedirectResponse("/marks", 303)
    token = jwt.encode({"sub": form["teacher"], "exp": int(time.time()) + 900}, SECRET, "HS256")
    answer.set_cookie("school", token, httponly=True, secure=True, samesite="lax")
    return answer


@app.get("/marks", response_class=HTMLResponse)
def listing(request: Request):
    if not teacher(request):
        return RedirectResponse("/", 303)
    rows = ""
    for number, text in marks.items():
        link = f'<form method="post" action="/marks/{number}/erase">{field(request)}<button>erase</button></form>' if FIXED else f'<a href="/marks/{number}/erase">erase</a>'
        rows += f"<li>{html.escape(text)} {link}</li>"
    return f'<ul>{rows}</ul><form method="post" action="/marks">{field(request)}<input name="pupil"><input name="mark" type="number" min="1" max="6"><button>note</button></form>'


@app.post("/marks")
async def note(request: Request):
    if not teacher(request):
        return RedirectResponse("/", 303)
    if not await genuine(request):
        return HTMLResponse("<p>Form expired</p>", 403)
    form = await request.form()
    if not form.get("pupil") or not str(form.get("mark")).isdigit():
        return HTMLResponse("<p>Something is missing</p>", 400)
    marks[len(marks) + 1] = f"{form['pupil']}: {form['mark']}"
    return RedirectResponse("/marks", 303)


async def erase(request: Request, number: int):
    if not teacher(request):
        return RedirectResponse("/", 303)
    if not await genuine(request):
        return HTMLResponse("<p>Form expired</p>", 403)
    if number not in marks:
        return HTMLResponse("<p>No such mark</p>", 404)
    marks[number] = "(erased " + marks[number] + ")"
    return RedirectResponse("/marks", 303)


(app.post if FIXED else app.get)("/marks/{number}/erase")(erase)
