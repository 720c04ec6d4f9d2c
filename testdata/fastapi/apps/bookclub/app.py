"""Pages of a book club. Forms must come from its own pages, which is seen by the Referer."""

import datetime as dt
import hashlib
import hmac
import html
import os
import re
import secrets
from urllib.parse import quote, urlsplit

import jwt
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

FIXED = os.environ.get("FIXED") == "1"
KEY = secrets.token_hex(32)


def hashed(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


class Book(BaseModel):
    slug: str
    title: str
    owner: str
    borrowed_by: str | None = None
    reviews: list = []


NONCES: set = set()  # of forms that were handed out, each with its reader
EMAILS: dict[str, str] = {}
READERS = {"hedda": hashed("Chapter-1-Gabler"), "ivar": hashed("Footnote-2-Aasen")}
BOOKS: dict[str, Book] = {}


def slugify(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


for title, owner in (("The Dispossessed", "hedda"), ("Middlemarch", "ivar"), ("Austerlitz", "ivar")):
    BOOKS[slugify(title)] = Book(slug=slugify(title), title=title, owner=owner)

app = FastAPI(title="Book club", default_response_class=HTMLResponse)


@app.middleware("http")
async def own_forms(request: Request, call_next):
    if request.method == "POST":
        referer, host = request.headers.get("referer"), request.headers["host"]
        if FIXED:
            own = referer is not None and urlsplit(referer).netloc == host
        else:
            own = not referer or host in referer  # some proxies strip it
        if not own:
            return HTMLResponse("<h1>403</h1><p>Please use our own forms.</p>", status_code=403)
    return await call_next(request)


def reader(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("bookclub", ""), KEY, algorithms=["HS256"])["sub"]
    except jwt.PyJWTError:
        raise HTTPException(302, headers={"Location": f"/login?next={quote(request.url.path)}"})


def book(slug: str) -> Book:
    if slug not in BOOKS:
        raise HTTPException(404, "No such book")
    return BOOKS[slug]


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    title = html.escape(title)
    return HTMLResponse(f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>", status)


def form(action: str, label: str, *inputs: str) -> str:
    return f'<form method="post" action="{action}">{"".join(inputs)}<button>{label}</button></form>'


def text(name: str, kind: str = "text") -> str:
    return f'<label>{name} <input type="{kind}" name="{name}" required></label>'


@app.get("/")
def home():
    items = "".join(f'<li><a href="/books/{b.slug}">{html.escape(b.title)}</a></li>' for b in BOOKS.values())
    return page("Books", f'<ul>{items}</ul><a href="/books/new">Lend a book</a> <a href="/settings">Settings</a>')


@app.get("/login")
def login_page(next: str = "/"):
    return page("Log in", form(f"/login?next={quote(next)}", "Log in", text("username"), text("password", "password")))


@app.post("/login")
def login(username: str = Form(), password: str = Form(), next: str = "/"):
    if not hmac.compare_digest(READERS.get(username, ""), hashed(password)):
        return page("Log in", "<p>Wrong name or password.</p>")
    exp = dt.datetime.now(dt.timezone.utc) + dt.timedelta(minutes=15)
    response = RedirectResponse(next if next.startswith("/") and not next.startswith("//") else "/", 302)
    token = jwt.encode({"sub": username, "exp": exp}, KEY)
    response.set_cookie("bookclub", token, secure=True, httponly=True, samesite="none")
    return response


@app.post("/leave")
def leave():
    response = RedirectResponse("/", 303)
    response.delete_cookie("bookclub", secure=True, httponly=True, samesite="none")
    return response


@app.get("/books/new")
def new_book(_: str = Depends(reader)):
    return page("Lend a book", form("/books/new", "Lend", text("title")))


@app.post("/books/new")
def lend(title: str = Form(min_length=2, max_length=80), me: str = Depends(reader)):
    slug = slugify(title)
    if slug in BOOKS:
        return page("Lend a book", "<p>We have that one.</p>", 409)
    BOOKS[slug] = Book(slug=slug, title=title, owner=me)
    return RedirectResponse(f"/books/{slug}", 303)


@app.get("/books/{slug}")
def show(b: Book = Depends(book), me: str = Depends(reader)):
    action = "return" if b.borrowed_by == me else "borrow"
    reviews = "".join(f"<li>{html.escape(r)}</li>" for r in b.reviews)
    return page(
        b.title,
        f"<p>lent by {b.owner}, borrowed by {b.borrowed_by or 'nobody'}</p><ul>{reviews}</ul>"
        + form(f"/books/{b.slug}/{action}", action)
        + form(f"/books/{b.slug}/reviews", "Review", text("text")),
    )


@app.post("/books/{slug}/borrow")
def borrow(b: Book = Depends(book), me: str = Depends(reader)):
    if b.borrowed_by is not None:
        raise HTTPException(409, "It is not on the shelf")
    b.borrowed_by = me
    return RedirectResponse(f"/books/{b.slug}", 303)


@app.post("/books/{slug}/return")
def give_back(b: Book = Depends(book), me: str = Depends(reader)):
    if b.borrowed_by != me:
        raise HTTPException(409, "You do not have it")
    b.borrowed_by = None
    return RedirectResponse(f"/books/{b.slug}", 303)


@app.post("/books/{slug}/reviews")
def review(text: str = Form(min_length=3), b: Book = Depends(book), me: str = Depends(reader)):
    b.reviews.append(f"{me}: {text}")
    return RedirectResponse(f"/books/{b.slug}", 303)


@app.get("/settings")
def settings(me: str = Depends(reader)):
    nonce = secrets.token_urlsafe(12)
    NONCES.add((me, nonce))
    return page(
        "Settings",
        f"<p>{html.escape(EMAILS.get(me, 'no address'))}</p>"
        + form("/settings/email", "Change", text("email", "email"), f'<input type="hidden" name="nonce" value="{nonce}">')
        + form("/settings/password", "Change", text("old_password", "password"), text("new_password", "password")),
    )


@app.post("/settings/email")
def change_email(email: str = Form(regex=r"^[^@\s]+@[^@\s]+$"), nonce: str = Form(), me: str = Depends(reader)):
    if (me, nonce) not in NONCES:
        raise HTTPException(403, "This form has been used")
    NONCES.discard((me, nonce))
    EMAILS[me] = email
    return RedirectResponse("/settings", 303)


@app.post("/settings/password")
def change_password(old_password: str = Form(), new_password: str = Form(min_length=10), me: str = Depends(reader)):
    if not hmac.compare_digest(READERS[me], hashed(old_password)):
        raise HTTPException(403, "That is not your password")
    READERS[me] = hashed(new_password)
    return RedirectResponse("/settings", 303)
