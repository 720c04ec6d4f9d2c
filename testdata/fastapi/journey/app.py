"""A bank with a page, a WebSocket, an event stream, an upload and Swagger UI, for visits with a browser.

It holds its token in a cookie that every site's pages may have sent, and checks nothing else: without the guard it is
forgeable. SWAGGER names the folder of swagger-ui-dist, since FastAPI's own page loads it from elsewhere; JWT_SECRET is
the secret of the tokens.
"""
import asyncio
import hashlib
import os
import sys
from pathlib import Path
from typing import Optional

sys.path.insert(0, str(Path(__file__).parent.parent / "bank"))

from fastapi import Cookie, Depends, FastAPI, Form, HTTPException, Request, Response, WebSocket
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from fastapi.staticfiles import StaticFiles

from common import Bank, Credentials, Transfer

COOKIE = "access_token"
HERE = Path(__file__).parent

app = FastAPI(title="Bank", version="1.0.0", docs_url=None, redoc_url=None)
app.mount("/swagger", StaticFiles(directory=os.environ["SWAGGER"]), name="swagger")
bank = Bank()
bank.secret = os.environ["JWT_SECRET"]
bearer = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)
listeners: dict = {}


def current(header: Optional[str] = Depends(bearer), cookie: Optional[str] = Cookie(None, alias=COOKIE)) -> str:
    return bank.verify(header or cookie)


@app.get("/", response_class=HTMLResponse, include_in_schema=False)
def page():
    return (HERE / "page.html").read_text()


@app.get("/docs", include_in_schema=False)
def docs():
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Bank",
        swagger_js_url="/swagger/swagger-ui-bundle.js",
        swagger_css_url="/swagger/swagger-ui.css",
        swagger_favicon_url="/swagger/favicon-32x32.png",
    )


@app.post("/login")
def login(body: Credentials, response: Response):
    token = bank.login(body.username, body.password)
    response.set_cookie(COOKIE, token, httponly=True, secure=True, samesite="none")
    return {"status": "ok"}


@app.post("/logout")
def logout(response: Response):
    response.delete_cookie(COOKIE, secure=True, samesite="none")
    return {"status": "ok"}


@app.post("/token")
def token(form: OAuth2PasswordRequestForm = Depends()):
    return {"access_token": bank.login(form.username, form.password), "token_type": "bearer"}


@app.get("/account", response_class=HTMLResponse)
def account(user: str = Depends(current)):
    return f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Account</title><h1>Account of {user}</h1><p>Balance {bank.users[user]['balance']}</p></html>"


@app.get("/balance")
def balance(user: str = Depends(current)):
    return {"user": user, "balance": bank.users[user]["balance"]}


@app.post("/transfer")
def transfer(body: Transfer, user: str = Depends(current)):
    return bank.transfer(user, body.to, body.amount)


@app.post("/transfer/form")
def transfer_form(to: str = Form(), amount: int = Form(gt=0), user: str = Depends(current)):
    return bank.transfer(user, to, amount)


@app.post("/elsewhere", include_in_schema=False)
def elsewhere(to: str):
    return Response(status_code=307, headers={"Location": to})


@app.post("/upload")
async def upload(request: Request, user: str = Depends(current)):
    digest, size = hashlib.sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        size += len(chunk)
    return {"user": user, "size": size, "sha256": digest.hexdigest()}


@app.get("/events")
async def events(user: str = Depends(current)):
    queue = listeners.setdefault(user, asyncio.Queue())

    async def stream():
        yield "event: hello\ndata: " + user + "\n\n"
        while True:
            yield "data: " + await queue.get() + "\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.post("/publish")
async def publish(text: str, user: str = Depends(current)):
    if user not in listeners:
        raise HTTPException(409, "Nobody listens")
    await listeners[user].put(text)
    return {"status": "ok"}


@app.websocket("/ws")
async def chat(socket: WebSocket):
    try:
        user = bank.verify(socket.headers.get("authorization", "").removeprefix("Bearer ") or socket.cookies.get(COOKIE))
    except HTTPException:
        await socket.close(1008)
        return
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(f"{user}: {text}")
