"""Every address of conversations as nobody, as somebody from outside, and with names that are none (S40-S44, F9)."""

import uuid
from typing import Any

import pytest
from django.urls import URLPattern

from accounts.authentication import Principal
from chatapi import ids
from chatapi.errors import NotFound
from conversations import urls
from conversations.commands import SEND, Caller, Command, draft_of, find_room
from tests.conversations.conftest import queries
from tests.people import Api, bearer, group_of, ok, refusal, room_between, said, without_request_id

pytestmark = pytest.mark.django_db

ROOM_CALLS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "", None),
    ("PATCH", "", {"archived": True}),
    ("PATCH", "", {"extra": {"a": 1}}),
    ("DELETE", "", None),
    ("GET", "messages/", None),
    ("POST", "messages/", {"text": "let me in"}),
    ("GET", "messages/{message}/", None),
    ("POST", "delivered/", {"seq": 1}),
    ("POST", "read/", {"seq": 1}),
    ("GET", "receipts/", None),
    ("GET", "changes/?since=0", None),
]
CALLS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "conversations/", None),
    ("POST", "conversations/", {"user": "bob"}),
    ("POST", "delivered/", {"rooms": {}}),
    ("POST", "sync/", {}),
    ("GET", "blocks/", None),
    ("POST", "blocks/", {"user": "bob"}),
    ("DELETE", "blocks/<str:user>/", None),
]


def call(client: Api, method: str, path: str, body: dict[str, Any] | None) -> Any:
    return getattr(client, method.lower())(path, *([] if body is None else [body]))


def addressed(room_name: str, path: str, message: object) -> str:
    return f"conversations/{room_name}/{path.format(message=message)}"


@pytest.fixture
def message(alice, bob, room):
    (message,) = said(alice, room, "between us")
    return message


def test_every_address_is_in_these_tables(room):
    """S40: a new address that is not here fails."""
    addresses = {
        (method.upper(), str(pattern.pattern))
        for pattern in urls.urlpatterns
        if isinstance(pattern, URLPattern)
        for method in pattern.callback.actions
        if method != "head"
    }
    tested = {(method, path) for method, path, _ in CALLS} | {
        (method, f"conversations/<str:room_name>/{path.partition('?')[0]}".replace("{message}", "<str:message_id>"))
        for method, path, _ in ROOM_CALLS
    }
    assert addresses == tested


@pytest.mark.parametrize(("method", "path", "body"), ROOM_CALLS)
def test_nobody_gets_in(api, room, message, method, path, body):
    """S40: default deny, for a room that is there as for one that is not."""
    for name in (room, ids.room_name(), "x"):
        answer = call(api, method, addressed(name, path, message.pk), body)
        assert refusal(answer) == (401, "invalid_token")
        assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_nobody_gets_a_list(api, method, path, body):
    assert refusal(call(api, method, path, body)) == (401, "invalid_token")


@pytest.mark.parametrize("token", ["", "x", "Bearer", "a.b.c", "ü" * 10, "x" * 5_000])
def test_a_wrong_token_is_no_token(room, token):
    assert refusal(bearer(token).get(f"conversations/{room}/")) == (401, "invalid_token")


@pytest.mark.parametrize(("method", "path", "body"), ROOM_CALLS)
def test_mallory_meets_the_same_as_for_a_name_that_nobody_has(
    alice, mallory, room, message, published, method, path, body
):
    """S42, S44: the right name of a room is not a permission to know that it exists."""
    published.clear()
    before = alice.client.room(room)
    there = call(mallory.client, method, addressed(room, path, message.pk), body)
    absent = call(mallory.client, method, addressed(ids.room_name(), path, uuid.uuid4()), body)
    assert refusal(there) == (404, "not_found")
    assert without_request_id(there) == without_request_id(absent)
    assert set(there.headers) == set(absent.headers)
    assert alice.client.room(room) == before
    assert published.events == []


@pytest.mark.parametrize(("method", "path", "body"), ROOM_CALLS)
def test_a_member_of_another_room_is_an_outsider_too(alice, bob, carol, room, method, path, body):
    """S41: membership is of one room; a message's id of one room opens nothing through another."""
    group = group_of(alice, carol)
    (message,) = said(alice, group, "not for Bob")
    answer = call(bob.client, method, addressed(group, path, message.pk), body)
    assert refusal(answer) == (404, "not_found")
    if "{message}" in path:
        assert refusal(call(bob.client, method, addressed(room, path, message.pk), body)) == (404, "not_found")


@pytest.mark.parametrize(
    "name",
    [
        "ünïcödé-und-noch-mehr-zeichen",
        "комната-двадцать-два-символа",
        "房" * 22,
        "👍" * 22,
        "١" * 22,
        "a" * 21,
        "a" * 65,
        "a" * 101,
        "a" * 5_000,
        "a" * 22 + "%0A",
        "%2F" * 22,
        "a" * 22 + "%2Fmessage",
        "%2e%2e%2f" + "a" * 22,
        "..",
        "%00",
        "a" * 22 + "%00",
        "%ff%fe" + "a" * 22,
        "%ED%A0%80" + "a" * 22,
        "a" * 22 + "'--",
        "a" * 22 + "%25",
        " ",
        "%20" * 22,
        "null",
        "018f3c2a-b1c4-7d6c-9c1e-5f0a2b3c4d5e",
    ],
)
@pytest.mark.parametrize(("method", "path", "body"), [ROOM_CALLS[0], ROOM_CALLS[5], ROOM_CALLS[7], ROOM_CALLS[10]])
def test_names_that_no_room_can_have(alice, method, path, body, name):
    """F9: not found, never an error of the server."""
    assert refusal(call(alice.client, method, addressed(name, path, ""), body)) == (404, "not_found")


@pytest.mark.parametrize("path", ["conversations//", "conversations//messages/"])
def test_addresses_without_a_name(alice, path):
    assert refusal(alice.client.get(path)) == (404, "not_found")


def test_the_id_of_a_room_is_not_its_name(alice, bob, room, message):
    """S44: what is inside does not open from outside."""
    assert refusal(alice.client.get(f"conversations/{message.room_id}/")) == (404, "not_found")
    assert str(message.room_id) not in str(alice.client.sync())


def test_names_are_compared_exactly(alice, room, message):
    for other in {room.swapcase(), room.lower(), room[:-1], room + "a"} - {room}:
        assert refusal(alice.client.get(f"conversations/{other}/")) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "conversations/"),
        ("DELETE", "conversations/"),
        ("POST", "conversations/{room}/"),
        ("PUT", "conversations/{room}/messages/"),
        ("GET", "conversations/{room}/read/"),
        ("POST", "conversations/{room}/receipts/"),
        ("POST", "conversations/{room}/changes/"),
        ("GET", "sync/"),
        ("GET", "delivered/"),
        ("TRACE", "conversations/"),
    ],
)
def test_other_methods(alice, room, method, path):
    """S89."""
    assert refusal(alice.client.generic(method, path.format(room=room))) == (405, "method_not_allowed")


def test_no_address_and_no_number_of_anybody_leaks(alice, bob, room, message):
    """S52."""
    type(bob.user).objects.filter(pk=bob.user.pk).update(mobile_number="+4915112345678")
    ok(bob.client.send(room, "hello"))
    shown = [
        alice.client.rooms(),
        alice.client.room(room),
        alice.client.messages(room),
        alice.client.changes(room),
        alice.client.sync(),
        ok(alice.client.get(f"conversations/{room}/receipts/")),
        ok(alice.client.open("bob")),
    ]
    assert "example.org" not in str(shown)
    assert "4915112345678" not in str(shown)
    assert room_between(alice, bob) == room


def test_an_inbox_takes_the_same_way_to_a_foreign_room_and_to_none(room, alice, mallory):
    """S42: also where others used the room a moment ago, or its speed would tell Mallory that it exists."""
    command = Command(SEND, {"text": "let me in"}, room=room)
    hers = Caller(Principal(alice.user, uuid.UUID(alice.session)), known={})
    assert queries(lambda: find_room(hers, command)) == 1
    assert draft_of(hers, command) is not None
    for name in (room, "nowhere-nowhere-nowhere"):
        caller = Caller(Principal(mallory.user, uuid.UUID(mallory.session)), known={})
        command = Command(SEND, {"text": "let me in"}, room=name)
        for _ in range(2):
            assert draft_of(caller, command) is None
            assert queries(lambda caller=caller, command=command: looked_for_in_vain(caller, command)) == 1


def looked_for_in_vain(caller: Caller, command: Command) -> None:
    with pytest.raises(NotFound):
        find_room(caller, command)
