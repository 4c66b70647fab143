"""Every call, with whatever its description allows and does not allow: nothing breaks, and all answers are documented.

The requests are made from the OpenAPI document; real names and ids are put into some of them, so that they get past
the door. `SCHEMATHESIS_EXAMPLES=1000` looks longer, and elsewhere each time.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts import tokens
from accounts.actions.blocks import save_block
from accounts.actions.contacts import save_contact
from accounts.codes import code_hash
from accounts.models import Challenge, EmailChange, Session
from accounts.undo_links import token_of
from tests.contract.documents import check_reply, rest_document
from tests.people import Person, another_device, logged_in, room_between, said

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "0"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PASSWORD = "correct horse battery"
NEW_PASSWORD = "seven sleepy otters"
CODE = "042137"

API = "/api/v1/"
OPERATIONS = [
    (method.upper(), path)
    for path, calls in rest_document()["paths"].items()
    for method in calls
    if method != "parameters"
]


@dataclass
class World:
    """What really exists."""

    alice: Person
    room: str
    message: str
    challenge: str
    old_challenge: str

    @property
    def parameters(self) -> dict[str, str]:
        """Values of path parameters."""
        return {
            "room_name": self.room,
            "message_id": self.message,
            "user": "carol",
            "session_id": another_device(self.alice).session,
        }

    @property
    def fields(self) -> dict[str, Any]:
        """Values of fields in bodies."""
        session = Session.objects.get(pk=self.alice.session)
        return {
            "login": "alice",
            "password": PASSWORD,
            "current_password": PASSWORD,
            "new_password": NEW_PASSWORD,
            "challenge": self.challenge,
            "code": CODE,
            "refresh": tokens.pair_of(session).refresh,
            "user": "bob",
            "reply_to": self.message,
            "rooms": {self.room: {"rev": 0}},
        }


@pytest.fixture
def world(settings, alice, bob, carol) -> World:
    settings.RATE_LIMITS = False
    settings.CODE_RESEND_SECONDS = 0
    alice.user.set_password(PASSWORD)
    alice.user.save()
    room = room_between(alice, bob)
    save_contact(user=alice.user, person=carol.user)
    save_block(user=alice.user, person=carol.user)
    message, *_ = said(bob, room, "one", "two", "three")
    made = [challenge_of(alice, Challenge.Purpose.LOGIN) for _ in range(2)]
    return World(alice, room, str(message.pk), *made)


def challenge_of(someone: Person, purpose: Challenge.Purpose, **more: Any) -> str:
    """One that CODE meets."""
    given = {"address": someone.user.email} | more
    made = Challenge.objects.create(purpose=purpose, user=someone.user, expires_at=session_end(someone), **given)
    Challenge.objects.filter(pk=made.pk).update(code_hash=code_hash(made.pk, CODE))
    return made.pk


def undo_token(world: World) -> str:
    """For an address that Alice had once."""
    return token_of(EmailChange.objects.create(user=world.alice.user, old_email="alicia@example.org"))


def session_end(someone: Person) -> Any:
    return tokens.pair_of(Session.objects.get(pk=someone.session)).refresh_expires_at


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """As in Django's own test client: a request does not end the test's connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


Good = Callable[[World], dict[str, Any]]
SURE: dict[tuple[str, str], Good] = {
    ("POST", "accounts/register/"): lambda _: {
        "body": {"username": "dora", "email": "dora@example.org", "password": PASSWORD}
    },
    ("POST", "accounts/login/"): lambda _: {"body": {"login": "alice", "password": PASSWORD}},
    ("POST", "accounts/login/verify/"): lambda world: {"body": {"challenge": world.challenge, "code": CODE}},
    ("POST", "accounts/challenges/resend/"): lambda world: {"body": {"challenge": world.old_challenge}},
    ("POST", "accounts/password/forgot/"): lambda _: {"body": {"email": "alice@example.org"}},
    ("POST", "accounts/password/reset/"): lambda world: {
        "body": {
            "challenge": challenge_of(world.alice, Challenge.Purpose.RESET),
            "code": CODE,
            "new_password": NEW_PASSWORD,
        }
    },
    ("POST", "accounts/me/password/"): lambda _: {"body": {"current_password": PASSWORD, "new_password": NEW_PASSWORD}},
    ("POST", "accounts/me/email/"): lambda _: {"body": {"email": "dora@example.org", "password": PASSWORD}},
    ("POST", "accounts/me/email/verify/"): lambda world: {
        "body": {
            "challenge": challenge_of(world.alice, Challenge.Purpose.EMAIL, address="dora@example.org"),
            "code": CODE,
        }
    },
    ("POST", "accounts/me/email/undo/"): lambda world: {"body": {"token": undo_token(world)}},
    ("POST", "accounts/me/mobile/"): lambda _: {"body": {"mobile_number": "+4915112345678", "password": PASSWORD}},
    ("POST", "accounts/me/mobile/verify/"): lambda world: {
        "body": {
            "challenge": challenge_of(world.alice, Challenge.Purpose.MOBILE, mobile_number="+4915112345678"),
            "code": CODE,
        }
    },
    ("POST", "accounts/me/delete/"): lambda _: {"body": {"password": PASSWORD}},
    ("POST", "accounts/me/delete/verify/"): lambda world: {
        "body": {"challenge": challenge_of(world.alice, Challenge.Purpose.DELETE), "code": CODE}
    },
    ("POST", "accounts/token/refresh/"): lambda world: {"body": {"refresh": world.fields["refresh"]}},
    ("PATCH", "accounts/me/"): lambda _: {"body": {"about": "At work"}},
    ("POST", "blocks/"): lambda _: {"body": {"user": "bob"}},
    ("POST", "contacts/"): lambda _: {"body": {"user": "bob"}},
    ("POST", "conversations/"): lambda _: {"body": {"user": "bob"}},
    ("PATCH", "conversations/{room_name}/"): lambda _: {"body": {"pinned": True, "extra": {"colour": "teal"}}},
    ("POST", "conversations/{room_name}/messages/"): lambda _: {"body": {"text": "hello"}},
    ("POST", "conversations/{room_name}/delivered/"): lambda _: {"body": {"seq": 2}},
    ("POST", "conversations/{room_name}/read/"): lambda _: {"body": {"seq": 2}},
    ("GET", "conversations/{room_name}/changes/"): lambda _: {"query": {"since": 0}},
    ("POST", "delivered/"): lambda world: {"body": {"rooms": {world.room: 1}}},
    ("POST", "sync/"): lambda world: {"body": {"rooms": {world.room: {"rev": 0}}}},
    ("GET", "users/"): lambda _: {"query": {"search": "bob"}},
}
"""A request that succeeds, for each call where the address alone is not enough."""


@pytest.fixture(scope="module")
def described() -> Any:
    schema = schemathesis.openapi.from_dict(rest_document())
    schema.app = WSGIHandler()
    return schema


@st.composite
def cases(draw: Any, operation: Any, real: dict[str, str], fields: dict[str, Any]) -> Any:
    """A request that the description allows, or just not; now and then with what really exists."""
    mode = draw(st.sampled_from(list(GenerationMode)))
    case = draw(operation.as_strategy(mode))
    if case.path_parameters and draw(st.integers(0, 3)):
        case.path_parameters = case.path_parameters | {name: real[name] for name in case.path_parameters}
    if isinstance(case.body, dict):
        for name in case.body.keys() & fields.keys():
            if draw(st.booleans()):
                case.body[name] = fields[name]
    return case


@pytest.mark.timeout(300 if EXAMPLES else 60)
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{method} {path}" for method, path in OPERATIONS])
def test_call(described, world, method, path):
    operation = described[path][method]
    headers = {"Authorization": f"Bearer {logged_in(world.alice.user)['access']}"}
    real, fields = world.parameters, world.fields

    def send(case: Any) -> int:
        """Sends and undoes it, so that each request meets the same world."""
        with transaction.atomic():
            reply = case.call(headers=headers)
            transaction.set_rollback(True)
        case.validate_response(reply, checks=CHECKS, headers=headers)
        kind = {"Content-Type": (reply.headers.get("content-type") or [""])[0]}
        check_reply(
            method,
            f"{API}{path.removeprefix(API)}" if "{" not in path else case.formatted_path,
            reply.status_code,
            kind,
            reply.content,
        )
        return reply.status_code

    sure = SURE.get((method, path.removeprefix(API)), lambda _: {})(world)
    parameters = {name: value for name, value in real.items() if f"{{{name}}}" in path}
    assert 200 <= send(operation.Case(path_parameters=parameters, **sure)) < 300

    @settings(
        max_examples=EXAMPLES or 15,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(operation, real, fields))
    def whatever(case: Any) -> None:
        send(case)

    whatever()
    assert django_settings.RATE_LIMITS is False
