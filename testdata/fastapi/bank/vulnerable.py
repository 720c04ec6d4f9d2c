"""The bank that takes its token from a cookie or a header and checks nothing else."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fastapi import Depends, FastAPI, Form, Request, Response, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm

from common import LIFETIME, PAGE, Bank, Credentials, Email, Transfer

app = FastAPI(title="Bank", version="1.0.0")
app.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)
bank = Bank()
bearer = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)


def current(request: Request, token: str = Depends(bearer)) -> str:
    return bank.verify(token or request.cookies.get("access_token"))


def give(response: Response, token: str) -> dict:
    # Starlette would say SameSite=Lax; None leaves the attribute out.
    response.set_cookie("access_token", token, max_age=LIFETIME, samesite=None)
    return {"access_token": token, "token_type": "bearer"}


@app.get("/", response_class=HTMLResponse, include_in_schema=False)
def page():
    return PAGE


@app.post("/token")
def token(response: Response, form: OAuth2PasswordRequestForm = Depends()):
    return give(response, bank.login(form.username, form.password))


@app.post("/login")
def login(body: Credentials, response: Response):
    return give(response, bank.login(body.username, body.password))


@app.get("/me")
def me(user: str = Depends(current)):
    return bank.me(user)


@app.get("/balance")
def balance(user: str = Depends(current)):
    return {"balance": bank.users[user]["balance"]}


@app.get("/history")
def history(user: str = Depends(current)):
    return bank.users[user]["history"]


@app.post("/transfer")
def transfer(body: Transfer, user: str = Depends(current)):
    return bank.transfer(user, body.to, body.amount)


@app.post("/transfer/form")
def transfer_form(to: str = Form(), amount: int = Form(gt=0), user: str = Depends(current)):
    return bank.transfer(user, to, amount)


@app.get("/transfer/quick")
def transfer_quick(to: str, amount: int = 1, user: str = Depends(current)):
    return bank.transfer(user, to, amount)


@app.post("/email")
def email(body: Email, user: str = Depends(current)):
    bank.users[user]["email"] = body.email
    return {"status": "ok"}


@app.post("/logout")
def logout(response: Response):
    response.delete_cookie("access_token")
    return {"status": "ok"}


@app.websocket("/ws")
async def ws(socket: WebSocket):
    user = bank.verify(socket.cookies.get("access_token"))
    await socket.accept()
    await socket.send_json({"username": user, "balance": bank.users[user]["balance"]})
    await socket.close()
