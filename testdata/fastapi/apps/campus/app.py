"""Courses, modules and marks behind a bearer token. A token is good for ever after it has run out, until it is mended;
its secret is the one of FastAPI's tutorial in either variant."""
import os
import secrets
import time
from typing import List, Optional
from uuid import UUID, uuid4

import jwt
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

FIXED = os.environ.get("FIXED") == "1"
SECRET = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"
STAFF = {"ada@campus.test": "ada-password-61", "ben@campus.test": "ben-password-62"}
renewals, courses, settings = {}, {}, {}


class Problem(Exception):
    def __init__(self, status: int, title: str):
        self.status, self.title = status, title


class Camel(BaseModel):
    class Config:
        allow_population_by_field_name = True

        @staticmethod
        def alias_generator(name: str) -> str:
            first, *rest = name.split("_")
            return first + "".join(word.title() for word in rest)


class SignIn(Camel):
    email: str
    password: str


class Renewal(Camel):
    refresh_token: str


class CourseIn(Camel):
    display_name: str = Field(min_length=3, max_length=60)
    credit_points: int = Field(5, ge=1, le=30)


class CourseChange(Camel):
    display_name: Optional[str] = Field(None, min_length=3, max_length=60)
    credit_points: Optional[int] = Field(None, ge=1, le=30)


class ModuleIn(Camel):
    heading: str
    weeks: List[int] = Field(default_factory=list)


class EnrolmentIn(Camel):
    student_number: str = Field(regex=r"^s\d{6}$")


class MarkIn(Camel):
    points: int = Field(ge=0, le=100)


class Settings(Camel):
    mail_digest: bool = True
    language: str = "en"


def member(bearer: Optional[HTTPAuthorizationCredentials] = Security(HTTPBearer(auto_error=False))) -> str:
    try:
        return jwt.decode(bearer.credentials if bearer else "", SECRET, algorithms=["HS256"], options={"verify_exp": FIXED})["sub"]
    except jwt.InvalidTokenError:
        raise Problem(401, "A valid access token is needed")


def course_of(courseId: UUID, who: str = Depends(member)) -> dict:
    if courses.get(courseId, {}).get("owner") != who:
        raise Problem(404, "There is no such course")
    return courses[courseId]


def grant(email: str) -> dict:
    renewal = secrets.token_urlsafe(32)
    renewals[renewal] = email
    now = int(time.time())
    token = jwt.encode({"sub": email, "iat": now, "exp": now + 600}, SECRET, "HS256")
    return {"data": {"session": {"accessToken": token, "refreshToken": renewal}}}


sessions = APIRouter(prefix="/sessions")
catalogue = APIRouter(prefix="/courses", dependencies=[Depends(member)])
own = APIRouter(prefix="/me")


@sessions.post("", status_code=201)
def sign_in(body: SignIn):
    if STAFF.get(body.email) != body.password:
        raise Problem(401, "Unknown e-mail address or wrong password")
    return grant(body.email)


@sessions.post("/renewals", status_code=201)
def renew(body: Renewal):
    email = renewals.pop(body.refresh_token, None)
    if email is None:
        raise Problem(401, "The refresh token is unknown or was used")
    return grant(email)


@catalogue.get("")
def all_courses(who: str = Depends(member), limit: int = Query(20, ge=1, le=100)):
    return {"items": [c for c in courses.values() if c["owner"] == who][-limit:]}


@catalogue.post("", status_code=201)
def new_course(body: CourseIn, who: str = Depends(member)):
    course = {"courseId": uuid4(), "owner": who, "modules": [], "enrolments": {}, **body.dict(by_alias=True)}
    courses[course["courseId"]] = course
    return course


@catalogue.get("/{courseId}")
def one_course(course: dict = Depends(course_of)):
    return course


@catalogue.patch("/{courseId}")
def change_course(body: CourseChange, course: dict = Depends(course_of)):
    course.update(body.dict(by_alias=True, exclude_none=True))
    return course


@catalogue.delete("/{courseId}", status_code=204)
def drop_course(course: dict = Depends(course_of)):
    del courses[course["courseId"]]


@catalogue.post("/{courseId}/modules", status_code=201)
def new_module(body: ModuleIn, course: dict = Depends(course_of)):
    module = {"moduleId": len(course["modules"]) + 1, **body.dict(by_alias=True)}
    course["modules"].append(module)
    return module


@catalogue.get("/{courseId}/modules")
def modules(course: dict = Depends(course_of)):
    return {"items": course["modules"]}


@catalogue.put("/{courseId}/modules/{moduleId}")
def replace_module(moduleId: int, body: ModuleIn, course: dict = Depends(course_of)):
    for module in course["modules"]:
        if module["moduleId"] == moduleId:
            module.update(body.dict(by_alias=True))
            return module
    raise Problem(404, "There is no such module")


@catalogue.post("/{courseId}/enrolments", status_code=201)
def enrol(body: EnrolmentIn, course: dict = Depends(course_of)):
    enrolment = {"enrolmentId": uuid4(), "studentNumber": body.student_number, "points": None}
    course["enrolments"][enrolment["enrolmentId"]] = enrolment
    return enrolment


@catalogue.get("/{courseId}/enrolments")
def enrolments(course: dict = Depends(course_of)):
    return {"items": list(course["enrolments"].values())}


@catalogue.put("/{courseId}/enrolments/{enrolmentId}/mark")
def mark(enrolmentId: UUID, body: MarkIn, course: dict = Depends(course_of)):
    if enrolmentId not in course["enrolments"]:
        raise Problem(404, "There is no such enrolment")
    course["enrolments"][enrolmentId]["points"] = body.points
    return course["enrolments"][enrolmentId]


@catalogue.delete("/{courseId}/enrolments/{enrolmentId}", status_code=204)
def withdraw(enrolmentId: UUID, course: dict = Depends(course_of)):
    if course["enrolments"].pop(enrolmentId, None) is None:
        raise Problem(404, "There is no such enrolment")


@own.get("/settings")
def read_settings(who: str = Depends(member)):
    return settings.get(who, Settings().dict(by_alias=True))


@own.put("/settings")
def write_settings(body: Settings, who: str = Depends(member)):
    settings[who] = body.dict(by_alias=True)
    return settings[who]


app = FastAPI(title="Campus", openapi_url="/api/v2/openapi.json")
for router in (sessions, catalogue, own):
    app.include_router(router, prefix="/api/v2")


@app.exception_handler(Problem)
def problem(request: Request, e: Problem):
    headers = {"WWW-Authenticate": 'Bearer realm="campus"'} if e.status == 401 else {}
    return JSONResponse({"type": "about:blank", "status": e.status, "title": e.title}, e.status, headers, "application/problem+json")
