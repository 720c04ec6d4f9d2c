"""A tracker with sixty operations: organizations hold projects, these boards, these cards, these comments, these
reactions. UUIDs and integers name them; bodies are JSON, forms and uploads. The session is a JWT in a cookie.

With FIXED=1 in the environment a middleware refuses what comes from another origin."""
import os
import secrets
import time
from datetime import date
from enum import Enum
from itertools import count
from typing import List, Optional
from uuid import UUID, uuid4

import jwt
from fastapi import APIRouter, Depends, FastAPI, File, Form, HTTPException, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, HttpUrl

FIXED = os.environ.get("FIXED") == "1"
SECRET = secrets.token_hex(32)
PEOPLE = {"alice": "alice-password-1", "bob": "bob-password-2"}
profiles = {name: {"username": name, "motto": "", "avatar": None} for name in PEOPLE}
numbers = count(101)


# --- what is kept -----------------------------------------------------------------------------------------------------


class Table:
    """Rows of one kind. Each knows its parent; with a parent that is deleted its rows go too."""

    def __init__(self, parent: "Optional[Table]" = None, uuids: bool = False):
        self.rows, self.children, self.uuids = {}, [], uuids
        if parent is not None:
            parent.children.append(self)

    def add(self, parent, **fields):
        row = {"id": uuid4() if self.uuids else next(numbers), "parent_id": parent, **fields}
        self.rows[row["id"]] = row
        return row

    def of(self, parent):
        return [r for r in self.rows.values() if r["parent_id"] == parent]

    def get(self, parent, key):
        row = self.rows.get(key)
        if row is None or row["parent_id"] != parent:
            raise HTTPException(404, "Not found")
        return row

    def delete(self, key):
        del self.rows[key]
        for child in self.children:
            for row in child.of(key):
                child.delete(row["id"])


organizations = Table(uuids=True)
members = Table(organizations)
labels = Table(organizations)
webhooks = Table(organizations, uuids=True)
projects = Table(organizations)
milestones = Table(projects)
boards = Table(projects, uuids=True)
cards = Table(boards)
attachments = Table(cards, uuids=True)
comments = Table(cards, uuids=True)
reactions = Table(comments)


# --- what is sent -----------------------------------------------------------------------------------------------------


class Login(BaseModel):
    username: str
    password: str


class Profile(BaseModel):
    motto: str = Field(max_length=40)


class NewOrganization(BaseModel):
    name: str = Field(min_length=3, max_length=60)
    country: str = Field(regex="^[A-Z]{2}$")


class OrganizationChange(BaseModel):
    name: Optional[str] = Field(None, min_length=3, max_length=60)
    country: Optional[str] = Field(None, regex="^[A-Z]{2}$")


class Role(str, Enum):
    reader = "reader"
    writer = "writer"
    owner = "owner"


class NewMember(BaseModel):
    email: str = Field(regex=r"^[^@\s]+@[^@\s]+\.[a-z]+$")
    role: Role = Role.reader


class MemberChange(BaseModel):
    role: Role


class NewWebhook(BaseModel):
    url: HttpUrl
    events: List[str] = Field(min_items=1)


class NewProject(BaseModel):
    title: str = Field(min_length=2)
    budget: float = Field(gt=0, le=1_000_000)


class ProjectChange(BaseModel):
    title: Optional[str] = Field(None, min_length=2)
    budget: Optional[float] = Field(None, gt=0, le=1_000_000)


class NewMilestone(BaseModel):
    project_id: int
    title: str
    due: date


class MilestoneChange(BaseModel):
    title: Optional[str]
    due: Optional[date]


class NewBoard(BaseModel):
    name: str
    columns: List[str] = Field(min_items=2, max_items=6)


class BoardChange(BaseModel):
    name: Optional[str]
    columns: Optional[List[str]] = Field(None, min_items=2, max_items=6)


class Priority(str, Enum):
    low = "low"
    high = "high"


class NewCard(BaseModel):
    title: str
    priority: Priority
    points: int = Field(ge=0, le=13)


class CardChange(BaseModel):
    title: Optional[str]
    priority: Optional[Priority]
    points: Optional[int] = Field(None, ge=0, le=13)


class Move(BaseModel):
    board_id: UUID
    position: int = Field(ge=1)


class NewComment(BaseModel):
    text: str = Field(min_length=1, max_length=500)


class CommentChange(BaseModel):
    text: Optional[str] = Field(None, min_length=1, max_length=500)


class NewReaction(BaseModel):
    emoji: str = Field(regex="^:[a-z]+:$")


# --- who asks, and for what -------------------------------------------------------------------------------------------


def who(request: Request) -> str:
    try:
        return jwt.decode(request.cookies.get("session", ""), SECRET, algorithms=["HS256"])["sub"]
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Not authenticated")


def organization(organization_id: UUID, user: str = Depends(who)) -> dict:
    found = organizations.rows.get(organization_id)
    if found is None or found["owner"] != user:
        raise HTTPException(404, "Not found")
    return found


def project(project_id: int, within: dict = Depends(organization)) -> dict:
    return projects.get(within["id"], project_id)


def board(board_id: UUID, within: dict = Depends(project)) -> dict:
    return boards.get(within["id"], board_id)


def card(card_id: int, within: dict = Depends(board)) -> dict:
    return cards.get(within["id"], card_id)


def comment(comment_id: UUID, within: dict = Depends(card)) -> dict:
    return comments.get(within["id"], comment_id)


def milestone(milestone_id: int, user: str = Depends(who)) -> dict:
    found = milestones.rows.get(milestone_id)
    if found is None or found["owner"] != user:
        raise HTTPException(404, "Not found")
    return found


def changed(row: dict, body: BaseModel) -> dict:
    row.update(body.dict(exclude_unset=True))
    return row


auth = APIRouter(tags=["account"])
orgs = APIRouter(prefix="/organizations", tags=["organizations"])
parts = APIRouter(prefix="/organizations/{organization_id}", tags=["parts of organizations"])
plans = APIRouter(prefix="/organizations/{organization_id}/projects", tags=["projects"])
walls = APIRouter(prefix="/organizations/{organization_id}/projects/{project_id}/boards", tags=["boards"])
notes = APIRouter(prefix="/organizations/{organization_id}/projects/{project_id}/boards/{board_id}/cards", tags=["cards"])
talk = APIRouter(prefix="/organizations/{organization_id}/projects/{project_id}/boards/{board_id}/cards/{card_id}/comments", tags=["comments"])
dates = APIRouter(prefix="/milestones", tags=["milestones"])


# --- the account: 6 ---------------------------------------------------------------------------------------------------


@auth.post("/auth/login")
def login(body: Login, response: Response):
    if PEOPLE.get(body.username) != body.password:
        raise HTTPException(401, "Wrong name or password")
    token = jwt.encode({"sub": body.username, "exp": int(time.time()) + 900}, SECRET, "HS256")
    response.set_cookie("session", token, httponly=True, secure=True, samesite="none")
    return {"message": "welcome"}


@auth.post("/auth/logout")
def logout(response: Response, user: str = Depends(who)):
    response.delete_cookie("session", httponly=True, secure=True, samesite="none")
    return {"message": "goodbye"}


@auth.get("/me")
def me(user: str = Depends(who)):
    return profiles[user]


@auth.patch("/me")
def change_me(body: Profile, user: str = Depends(who)):
    return changed(profiles[user], body)


@auth.put("/me/avatar")
async def avatar(picture: UploadFile = File(), user: str = Depends(who)):
    profiles[user]["avatar"] = {"name": picture.filename, "size": len(await picture.read())}
    return profiles[user]


@auth.get("/search")
def search(q: str = Query(min_length=2), user: str = Depends(who)):
    return [o for o in organizations.rows.values() if o["owner"] == user and q in o["name"]]


# --- organizations: 6, and what they hold directly: 12 ----------------------------------------------------------------


@orgs.get("")
def list_organizations(user: str = Depends(who)):
    return [o for o in organizations.rows.values() if o["owner"] == user]


@orgs.post("", status_code=201)
def create_organization(body: NewOrganization, user: str = Depends(who)):
    return organizations.add(None, owner=user, **body.dict())


@orgs.get("/{organization_id}")
def read_organization(found: dict = Depends(organization)):
    return found


@orgs.put("/{organization_id}")
def replace_organization(body: NewOrganization, found: dict = Depends(organization)):
    return changed(found, body)


@orgs.patch("/{organization_id}")
def change_organization(body: OrganizationChange, found: dict = Depends(organization)):
    return changed(found, body)


@orgs.delete("/{organization_id}", status_code=204)
def delete_organization(found: dict = Depends(organization)):
    organizations.delete(found["id"])
    return Response(status_code=204)


@parts.get("/members")
def list_members(within: dict = Depends(organization)):
    return members.of(within["id"])


@parts.post("/members", status_code=201)
def invite(body: NewMember, within: dict = Depends(organization)):
    return members.add(within["id"], **body.dict())


@parts.patch("/members/{member_id}")
def change_role(member_id: int, body: MemberChange, within: dict = Depends(organization)):
    return changed(members.get(within["id"], member_id), body)


@parts.delete("/members/{member_id}", status_code=204)
def expel(member_id: int, within: dict = Depends(organization)):
    members.delete(members.get(within["id"], member_id)["id"])
    return Response(status_code=204)


@parts.get("/labels")
def list_labels(within: dict = Depends(organization)):
    return labels.of(within["id"])


@parts.post("/labels", status_code=201)
def create_label(name: str = Form(min_length=2), color: str = Form(regex="^#[0-9a-f]{6}$"), within: dict = Depends(organization)):
    return labels.add(within["id"], name=name, color=color)


@parts.put("/labels/{label_id}")
def replace_label(label_id: int, name: str = Form(min_length=2), color: str = Form(regex="^#[0-9a-f]{6}$"), within: dict = Depends(organization)):
    found = labels.get(within["id"], label_id)
    found.update(name=name, color=color)
    return found


@parts.delete("/labels/{label_id}", status_code=204)
def delete_label(label_id: int, within: dict = Depends(organization)):
    labels.delete(labels.get(within["id"], label_id)["id"])
    return Response(status_code=204)


@parts.get("/webhooks")
def list_webhooks(within: dict = Depends(organization)):
    return webhooks.of(within["id"])


@parts.post("/webhooks", status_code=201)
def create_webhook(body: NewWebhook, within: dict = Depends(organization)):
    return webhooks.add(within["id"], **body.dict())


@parts.put("/webhooks/{webhook_id}")
def replace_webhook(webhook_id: UUID, body: NewWebhook, within: dict = Depends(organization)):
    return changed(webhooks.get(within["id"], webhook_id), body)


@parts.delete("/webhooks/{webhook_id}", status_code=204)
def delete_webhook(webhook_id: UUID, within: dict = Depends(organization)):
    webhooks.delete(webhooks.get(within["id"], webhook_id)["id"])
    return Response(status_code=204)


# --- projects: 6, and their milestones: 4 -----------------------------------------------------------------------------


@plans.get("")
def list_projects(within: dict = Depends(organization)):
    return {"items": projects.of(within["id"])}


@plans.post("", status_code=201)
def create_project(body: NewProject, within: dict = Depends(organization)):
    return projects.add(within["id"], **body.dict())


@plans.get("/{project_id}")
def read_project(found: dict = Depends(project)):
    return found


@plans.put("/{project_id}")
def replace_project(body: NewProject, found: dict = Depends(project)):
    return changed(found, body)


@plans.patch("/{project_id}")
def change_project(body: ProjectChange, found: dict = Depends(project)):
    return changed(found, body)


@plans.delete("/{project_id}", status_code=204)
def delete_project(found: dict = Depends(project)):
    projects.delete(found["id"])
    return Response(status_code=204)


@dates.get("")
def list_milestones(user: str = Depends(who)):
    return [m for m in milestones.rows.values() if m["owner"] == user]


@dates.post("", status_code=201)
def create_milestone(body: NewMilestone, user: str = Depends(who)):
    of = projects.rows.get(body.project_id)
    if of is None or organizations.rows[of["parent_id"]]["owner"] != user:
        raise HTTPException(404, "Project not found")
    return milestones.add(of["id"], owner=user, title=body.title, due=body.due)


@dates.patch("/{milestone_id}")
def change_milestone(body: MilestoneChange, found: dict = Depends(milestone)):
    return changed(found, body)


@dates.delete("/{milestone_id}", status_code=204)
def delete_milestone(found: dict = Depends(milestone)):
    milestones.delete(found["id"])
    return Response(status_code=204)


# --- boards: 6 --------------------------------------------------------------------------------------------------------


@walls.get("")
def list_boards(within: dict = Depends(project)):
    return boards.of(within["id"])


@walls.post("", status_code=201)
def create_board(body: NewBoard, within: dict = Depends(project)):
    return boards.add(within["id"], **body.dict())


@walls.get("/{board_id}")
def read_board(found: dict = Depends(board)):
    return found


@walls.put("/{board_id}")
def replace_board(body: NewBoard, found: dict = Depends(board)):
    return changed(found, body)


@walls.patch("/{board_id}")
def change_board(body: BoardChange, found: dict = Depends(board)):
    return changed(found, body)


@walls.delete("/{board_id}", status_code=204)
def delete_board(found: dict = Depends(board)):
    boards.delete(found["id"])
    return Response(status_code=204)


# --- cards: 8, and their attachments: 4 -------------------------------------------------------------------------------


@notes.get("")
def list_cards(within: dict = Depends(board)):
    return cards.of(within["id"])


@notes.post("", status_code=201)
def create_card(body: NewCard, within: dict = Depends(board)):
    return cards.add(within["id"], position=1, archived=False, **body.dict())


@notes.get("/{card_id}")
def read_card(found: dict = Depends(card)):
    return found


@notes.put("/{card_id}")
def replace_card(body: NewCard, found: dict = Depends(card)):
    return changed(found, body)


@notes.patch("/{card_id}")
def change_card(body: CardChange, found: dict = Depends(card)):
    return changed(found, body)


@notes.delete("/{card_id}", status_code=204)
def delete_card(found: dict = Depends(card)):
    cards.delete(found["id"])
    return Response(status_code=204)


@notes.post("/{card_id}/move")
def move_card(body: Move, found: dict = Depends(card), within: dict = Depends(project)):
    found.update(parent_id=boards.get(within["id"], body.board_id)["id"], position=body.position)
    return found


@notes.post("/{card_id}/archive")
def archive_card(found: dict = Depends(card)):
    if found["archived"]:
        raise HTTPException(409, "The card is archived already")
    found["archived"] = True
    return found


@notes.get("/{card_id}/attachments")
def list_attachments(within: dict = Depends(card)):
    return attachments.of(within["id"])


@notes.post("/{card_id}/attachments", status_code=201)
async def attach(file: UploadFile = File(), title: str = Form(min_length=2), within: dict = Depends(card)):
    return attachments.add(within["id"], title=title, name=file.filename, size=len(await file.read()))


@notes.get("/{card_id}/attachments/{attachment_id}")
def read_attachment(attachment_id: UUID, within: dict = Depends(card)):
    return attachments.get(within["id"], attachment_id)


@notes.delete("/{card_id}/attachments/{attachment_id}", status_code=204)
def delete_attachment(attachment_id: UUID, within: dict = Depends(card)):
    attachments.delete(attachments.get(within["id"], attachment_id)["id"])
    return Response(status_code=204)


# --- comments: 5, and reactions to them: 3 ----------------------------------------------------------------------------


@talk.get("")
def list_comments(within: dict = Depends(card)):
    return comments.of(within["id"])


@talk.post("", status_code=201)
def write_comment(body: NewComment, within: dict = Depends(card)):
    return comments.add(within["id"], **body.dict())


@talk.put("/{comment_id}")
def replace_comment(body: NewComment, found: dict = Depends(comment)):
    return changed(found, body)


@talk.patch("/{comment_id}")
def change_comment(body: CommentChange, found: dict = Depends(comment)):
    return changed(found, body)


@talk.delete("/{comment_id}", status_code=204)
def delete_comment(found: dict = Depends(comment)):
    comments.delete(found["id"])
    return Response(status_code=204)


@talk.get("/{comment_id}/reactions")
def list_reactions(within: dict = Depends(comment)):
    return reactions.of(within["id"])


@talk.post("/{comment_id}/reactions", status_code=201)
def react(body: NewReaction, within: dict = Depends(comment)):
    return reactions.add(within["id"], **body.dict())


@talk.delete("/{comment_id}/reactions/{reaction_id}", status_code=204)
def take_back(reaction_id: int, within: dict = Depends(comment)):
    reactions.delete(reactions.get(within["id"], reaction_id)["id"])
    return Response(status_code=204)


app = FastAPI(title="Tracker")
if FIXED:

    @app.middleware("http")
    async def same_origin(request: Request, call_next):
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            if request.headers.get("origin") != f"{request.url.scheme}://{request.headers['host']}":
                return JSONResponse({"detail": "cross-origin request refused"}, 403)
        return await call_next(request)


for router in (auth, orgs, parts, plans, dates, walls, notes, talk):
    app.include_router(router)
