"""The people of the stories - Alice, Bob, Carol and Mallory the outsider - with their clients and rooms."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import Session, User
from chatapi.realtime.event import Event
from conversations.actions.messages import Draft, Sent, send_messages
from conversations.actions.rooms import open_direct_room
from conversations.models import Membership, Message, Room, RoomHead, RoomMarks

API = "/api/v1/"


class Api(APIClient):
    """JSON in, JSON out, addresses relative to the API."""

    default_format = "json"

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        return super().generic(method, path if path.startswith("/") else API + path, *args, **kwargs)

    def raw(self, method: str, path: str, body: str | bytes) -> Any:
        """Sends `body` exactly as written, as JSON."""
        return self.generic(method, path, body, content_type="application/json")

    def open(self, user: str) -> Any:
        return self.post("conversations/", {"user": user})

    def room(self, room_name: str) -> dict[str, Any]:
        return ok(self.get(f"conversations/{room_name}/"))

    def rooms(self, query: str = "") -> list[dict[str, Any]]:
        return ok(self.get(f"conversations/{query}"))["results"]

    def send(self, room_name: str, text: str = "hello", **more: Any) -> Any:
        return self.post(f"conversations/{room_name}/messages/", {"text": text} | more)

    def messages(self, room_name: str, query: str = "") -> list[dict[str, Any]]:
        return ok(self.get(f"conversations/{room_name}/messages/{query}"))["results"]

    def mark(self, kind: str, room_name: str, seq: int) -> Any:
        """`kind`: delivered or read."""
        return self.post(f"conversations/{room_name}/{kind}/", {"seq": seq})

    def changes(self, room_name: str, since: int = 0, marks: int = 0, **more: Any) -> dict[str, Any]:
        query = {"since": since, "marks": marks} | more
        return ok(self.get(f"conversations/{room_name}/changes/", query))

    def sync(self, **known: Any) -> dict[str, Any]:
        return ok(self.post("sync/", known))


def ok(answer: Any) -> Any:
    """The body of an answer that has to be a success."""
    assert 200 <= answer.status_code < 300, (answer.status_code, answer.content[:2_000])
    return answer.json() if answer.content else None


def refusal(answer: Any) -> tuple[int, str]:
    """Status and code of a problem."""
    assert answer["Content-Type"] == "application/problem+json", answer.content[:2_000]
    return answer.status_code, answer.json()["code"]


def without_request_id(answer: Any) -> dict[str, Any]:
    """A problem's body, comparable with another's."""
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def bearer(token: str) -> Api:
    """A client with this access token."""
    client = Api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@dataclass
class Person:
    """Somebody with an account and a session."""

    user: User
    tokens: dict[str, str]
    """`access`, `refresh` and `session`."""

    @property
    def client(self) -> Api:
        """A client of their own for every caller: threads may share a person."""
        return bearer(self.tokens["access"])

    @property
    def name(self) -> str:
        return self.user.username

    @property
    def session(self) -> str:
        return self.tokens["session"]

    @property
    def me(self) -> int:
        """The counter of their own changes."""
        counter: int = User.objects.values_list("counter__me", flat=True).get(pk=self.user.pk)
        return counter


def person(username: str, **fields: Any) -> Person:
    """An account and a session made without the login flow: three statements."""
    user = User.objects.create_user(username=username, email=f"{username}@example.org", password="!", **fields)
    return Person(user, logged_in(user))


def another_device(someone: Person) -> Person:
    """The same person on one more device."""
    return Person(someone.user, logged_in(someone.user))


def logged_in(user: User) -> dict[str, str]:
    """The tokens of a new session, already in use: a request then asks for the caller with one query."""
    session = Session.objects.create(user=user, generation_used=True)
    pair = tokens.pair_of(session)
    return {"access": pair.access, "refresh": pair.refresh, "session": str(session.pk)}


def people(number: int, prefix: str = "guest") -> list[Person]:
    """Many people at once."""
    return [person(f"{prefix}{n}") for n in range(number)]


# Rooms


def room_between(one: Person, other: Person) -> str:
    """The name of the direct room of the two, opened by `one`; nobody has written in it yet."""
    membership, _ = open_direct_room(user=one.user, other=other.user)
    return membership.room.name


def room_called(room_name: str) -> Room:
    return Room.objects.get(name=room_name)


def group_of(*members: Person, title: str = "Group") -> str:
    """The name of a group room of these people, owned by the first, made through the models."""
    room = Room.objects.create(kind=Room.Kind.GROUP, title=title, created_by=members[0].user)
    RoomHead.objects.create(room=room, last_activity_at=room.created_at)
    RoomMarks.objects.create(room=room)
    roles = itertools.chain([Membership.Role.OWNER], itertools.repeat(Membership.Role.MEMBER))
    Membership.objects.bulk_create(
        Membership(room=room, user=member.user, role=role, joined_me=1)
        for member, role in zip(members, roles, strict=False)
    )
    return room.name


def membership_of(someone: Person, room_name: str) -> Membership:
    """Somebody's membership as it is stored now."""
    return Membership.objects.select_related("room", "user").get(user=someone.user, room__name=room_name)


def said(someone: Person, room_name: str, *texts: str) -> list[Message]:
    """Sends messages through the action, all in one transaction."""
    room = room_called(room_name)
    outcomes = send_messages(drafts=[Draft(room_id=room.pk, sender=someone.user, text=text) for text in texts])
    sent = [outcome for outcome in outcomes if isinstance(outcome, Sent)]
    assert len(sent) == len(texts), outcomes
    return [outcome.message for outcome in sent]


# Many at once


def in_parallel(times: int, function: Callable[[int], Any], threads: int = 20) -> list[Any]:
    """What `function` returns for 0, 1, 2..., called as much at once as threads allow."""
    barrier = threading.Barrier(min(times, threads))

    def call(number: int) -> Any:
        try:
            if number < barrier.parties:
                barrier.wait(timeout=10)
            return function(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(call, range(times)))


# What went out


class Published:
    """Everything that was handed to the bus, in order. What was rolled back never comes here."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def take(self, events: list[Event]) -> None:
        """Stands in for the bus."""
        self._events.extend(events)

    @property
    def events(self) -> list[Event]:
        """All events so far. Inside a test's own transaction, what its end would send is sent now."""
        if connection.in_atomic_block:
            waiting, connection.run_on_commit = connection.run_on_commit, []
            for entry in waiting:
                entry[1]()
        return list(self._events)

    def clear(self) -> None:
        """Forgets what happened so far."""
        assert self.events is not None
        self._events.clear()
