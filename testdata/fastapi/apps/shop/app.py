"""A shop. Cookie login as fastapi-users does it; carts hold items."""
import os
import secrets
import time
from uuid import UUID, uuid4

import jwt
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyCookie, OAuth2PasswordRequestForm
from pydantic import BaseModel, Field

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PEOPLE = {"ann@shop.test": "ann-password-1", "bob@shop.test": "bob-password-2"}
cookie = APIKeyCookie(name="fastapiusersauth", auto_error=False)
carts = {}


def who(token: str = Depends(cookie)) -> str:
    try:
        return jwt.decode(token or "", SECRET, algorithms=["HS256"], audience="fastapi-users:auth")["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED)


class NewCart(BaseModel):
    label: str = Field(min_length=3, max_length=20)


class NewItem(BaseModel):
    sku: str = Field(regex=r"^[A-Z]{3}-\d{4}$")
    quantity: int = Field(ge=1, le=9)


def mine(cart_id: UUID, user: str = Depends(who)) -> dict:
    cart = carts.get(cart_id)
    if cart is None or cart["owner"] != user:
        raise HTTPException(404, "Cart not found")
    return cart


auth = APIRouter(prefix="/auth/jwt", tags=["auth"])
shop = APIRouter(prefix="/api/v1/carts", tags=["carts"])


@auth.post("/login", status_code=204)
def login(form: OAuth2PasswordRequestForm = Depends()):
    if PEOPLE.get(form.username) != form.password:
        raise HTTPException(400, "LOGIN_BAD_CREDENTIALS")
    token = jwt.encode({"sub": form.username, "aud": ["fastapi-users:auth"], "exp": int(time.time()) + 900}, SECRET, "HS256")
    response = Response(status_code=204)
    response.set_cookie("fastapiusersauth", token, max_age=900, path="/", secure=True, httponly=True, samesite="lax")
    return response


@auth.post("/logout", status_code=204)
def logout(user: str = Depends(who)):
    response = Response(status_code=204)
    response.delete_cookie("fastapiusersauth", path="/", secure=True, httponly=True, samesite="lax")
    return response


@shop.post("", status_code=201)
def create(body: NewCart, user: str = Depends(who)):
    cart = {"id": uuid4(), "owner": user, "label": body.label, "items": []}
    carts[cart["id"]] = cart
    return cart


@shop.get("")
def listing(user: str = Depends(who)):
    return {"results": [c for c in carts.values() if c["owner"] == user]}


@shop.get("/{cart_id}")
def read(cart: dict = Depends(mine)):
    return cart


@shop.post("/{cart_id}/items", status_code=201)
def add(body: NewItem, cart: dict = Depends(mine)):
    item = {"item_id": uuid4(), **body.dict()}
    cart["items"].append(item)
    return item


@shop.delete("/{cart_id}/items/{item_id}", status_code=204)
def remove(item_id: UUID, cart: dict = Depends(mine)):
    before = len(cart["items"])
    cart["items"] = [i for i in cart["items"] if i["item_id"] != item_id]
    if len(cart["items"]) == before:
        raise HTTPException(404, "Item not found")
    return Response(status_code=204)


@shop.post("/{cart_id}/empty")
def empty(cart: dict = Depends(mine)):
    cart["items"] = []
    return cart


app = FastAPI(title="Shop")
if FIXED:

    @app.middleware("http")
    async def same_origin(request: Request, call_next):
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            if request.headers.get("origin") != f"{request.url.scheme}://{request.headers['host']}":
                return JSONResponse({"detail": "cross-origin request refused"}, 403)
        return await call_next(request)


app.include_router(auth)
app.include_router(shop)
