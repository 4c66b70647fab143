"""What is answered is what is documented: no field more, no field less, every type right (S52)."""

import datetime as dt
import re
import uuid
from functools import cache
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from chatapi import times
from conversations.actions.rooms import end_membership
from conversations.models import Membership, Message
from tests.conversations.conftest import frames
from tests.people import group_of, ok, room_called, said

pytestmark = pytest.mark.django_db

Json = dict[str, Any]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@cache
def document() -> Json:
    schema: Json = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def described(path: str, method: str, status: int) -> Json:
    """The schema of an answer."""
    response = document()["paths"][f"/api/v1/{path}"][method.lower()]["responses"][str(status)]
    schema: Json = response["content"]["application/json"]["schema"]
    return schema


def check(schema: Json, value: Any, place: str) -> None:
    """Like a JSON schema validator that also refuses undocumented fields and fields that are left out."""
    if "$ref" in schema:
        check(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], value, place)
    elif value is None:
        assert is_nullable(schema), f"{place} is null"
    elif "allOf" in schema:
        check(schema["allOf"][0], value, place)
    elif "oneOf" in schema:
        check(chosen(schema, value), value, place)
    else:
        CHECKS[schema["type"]](schema, value, place)


def is_nullable(schema: Json) -> bool:
    return bool(schema.get("nullable")) or any("NullEnum" in part.get("$ref", "") for part in schema.get("oneOf", ()))


def chosen(schema: Json, value: Any) -> Json:
    """The alternative that the value says it is."""
    discriminator = schema.get("discriminator")
    if discriminator is None:
        first: Json = schema["oneOf"][0]
        return first
    return {"$ref": discriminator["mapping"][value[discriminator["propertyName"]]]}


def _object(schema: Json, value: Any, place: str) -> None:
    assert isinstance(value, dict), place
    properties, others = schema.get("properties"), schema.get("additionalProperties")
    if properties is not None:
        required = set(schema.get("required", ()))
        assert required <= value.keys(), f"{place} lacks {required - value.keys()}"
        assert value.keys() <= properties.keys(), f"{place} also has {value.keys() - properties.keys()}"
    for name, inner in value.items():
        wanted = properties[name] if properties is not None else others
        if isinstance(wanted, dict) and wanted:
            check(wanted, inner, f"{place}.{name}")


def _array(schema: Json, value: Any, place: str) -> None:
    assert isinstance(value, list), place
    for number, inner in enumerate(value):
        check(schema["items"], inner, f"{place}[{number}]")


def _whole_number(schema: Json, value: Any, place: str) -> None:
    assert type(value) is int, place


def _truth(schema: Json, value: Any, place: str) -> None:
    assert isinstance(value, bool), place


def _text(schema: Json, value: Any, place: str) -> None:
    assert isinstance(value, str), place
    if schema.get("format") == "date-time":
        assert MOMENT.fullmatch(value), f"{place}: {value}"
    elif schema.get("format") == "uuid":
        assert str(uuid.UUID(value)) == value, place
    if "enum" in schema:
        assert value in schema["enum"], f"{place}: {value}"


CHECKS = {"object": _object, "array": _array, "integer": _whole_number, "boolean": _truth, "string": _text}


@pytest.fixture
def full(alice, bob, carol):
    """A group in which everything has happened that can happen so far."""
    group = group_of(alice, bob, carol)
    first, second = said(alice, group, "one", "two")
    ok(bob.client.send(group, "an answer", reply_to=str(first.pk), extra={"a": [1, {"b": None}]}))
    ok(bob.client.mark("read", group, 2))
    in_an_hour = times.rfc3339(times.now() + dt.timedelta(hours=1))
    ok(alice.client.patch(f"conversations/{group}/", {"pinned": True, "muted_until": in_an_hour}))
    ok(alice.client.patch(f"conversations/{group}/", {"extra": {"colour": "red"}}))
    Message.objects.filter(pk=second.pk).update(
        deleted_at=times.now(), edited_at=times.now(), expires_at=times.now(), text=""
    )
    end_membership(room_id=room_called(group).pk, user=carol.user, state=Membership.State.LEFT)
    ok(alice.client.patch("accounts/me/", {"about": "here"}))
    return group


ROOM = "conversations/{room_name}/"


@pytest.mark.parametrize("direct", [True, False])
def test_rooms_and_messages_are_as_documented(alice, bob, full, room, direct):
    name = room if direct else full
    for someone in (alice, bob):
        check(described("conversations/", "GET", 200), someone.client.get("conversations/").json(), "rooms")
        check(described(ROOM, "GET", 200), someone.client.room(name), "room")
        check(described(ROOM, "PATCH", 200), ok(someone.client.patch(f"conversations/{name}/", {})), "room")
        sent = ok(someone.client.send(name, "x"))
        check(described(f"{ROOM}messages/", "POST", 201), sent, "message")
        page = ok(someone.client.get(f"conversations/{name}/messages/?limit=2"))
        check(described(f"{ROOM}messages/", "GET", 200), page, "messages")
        one = ok(someone.client.get(f"conversations/{name}/messages/{sent['id']}/"))
        check(described(f"{ROOM}messages/{{message_id}}/", "GET", 200), one, "message")
        for kind in ("delivered", "read"):
            check(described(f"{ROOM}{kind}/", "POST", 200), ok(someone.client.mark(kind, name, 9)), kind)
        receipts = ok(someone.client.get(f"conversations/{name}/receipts/"))
        check(described(f"{ROOM}receipts/", "GET", 200), receipts, "receipts")
    whole = ok(alice.client.get(f"conversations/{name}/messages/"))
    check(described(f"{ROOM}messages/", "GET", 200), whole, "messages")


def test_opening_is_as_documented(alice, bob):
    for status in (201, 200):
        check(described("conversations/", "POST", status), ok(alice.client.open("bob")), "room")


def test_changes_are_as_documented(alice, bob, carol, full):
    for someone in (alice, carol):
        check(described(f"{ROOM}changes/", "GET", 200), someone.client.changes(full), "changes")
    check(described(f"{ROOM}changes/", "GET", 200), alice.client.changes(full, since=99), "changes")
    kinds = {frame["type"] for frame in alice.client.changes(full)["changes"]}
    assert kinds == {"message.created", "room.updated", "member.left"}


def test_sync_is_as_documented(alice, bob, carol, full, room):
    schema = described("sync/", "POST", 200)
    check(schema, alice.client.sync(), "sync")
    check(schema, carol.client.sync(rooms={full: {"rev": 1, "marks": 0}}), "sync")
    known = {"epoch": alice.client.sync()["epoch"], "me": 0, "rooms": {full: {"rev": 1, "marks": 0}}}
    answer = alice.client.sync(**known)
    check(schema, answer, "sync")
    assert answer["me"]["changes"]
    assert answer["rooms"][full]["changes"]
    assert answer["rooms"][full]["receipts"]
    check(schema, alice.client.sync(**(known | {"epoch": "another"})), "sync")


def test_a_shared_frame_has_no_more_than_a_message(alice, bob, room, published):
    """`mine` is the only field that REST adds."""
    message = ok(alice.client.send(room, "x"))
    (frame,) = frames(published, room)
    check(document()["components"]["schemas"]["Message"], frame["data"] | {"mine": message["mine"]}, "frame")
    assert set(message) - set(frame["data"]) == {"mine"}


def test_the_checker_checks():
    """A shape that drifted is noticed."""
    message = document()["components"]["schemas"]["User"]
    user = {"id": str(uuid.uuid4()), "username": "a", "display_name": "A"}
    check(message, user, "user")
    for wrong in (user | {"email": "x"}, {"id": user["id"]}, user | {"username": 5}, user | {"id": "x"}):
        with pytest.raises((AssertionError, ValueError)):
            check(message, wrong, "user")
