"""What an inbox begins with, and what it answers to a returning client."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import UUIDField

from accounts.models import User, UserCounter
from chatapi.limits import limits
from chatapi.realtime.frames import frame_json
from chatapi.statements import Given, Statement
from conversations.catchup import Since
from conversations.epoch import current_epoch
from conversations.listing import badge_of
from conversations.models import Membership
from conversations.own_changes import own_changes


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a user stands."""

    epoch: str
    me: int
    badge: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """Frames to send, and the data of the closing `ready`."""

    frames: list[dict[str, Any]]
    ready: dict[str, Any]


def inbox_standing(user: User) -> Standing:
    """The user's own number, read before everything else, and the total badge."""
    row = _ME.row(user=user.pk)
    me = row[0] if row else 0
    return Standing(current_epoch(), me, badge_of(user))


_ME = Statement(lambda: UserCounter.objects.filter(user_id=Given("user", UUIDField())).values_list("me"))


def resume_inbox(user: User, *, epoch: str, me: int | None, rooms: Mapping[str, Since]) -> Resumed:
    """What a client lacks: the heads of its rooms that have moved on, and with `me` the changes of the user's own.

    With `me`, heads also name rooms that came back with a message after they had been cleared: a client that began
    while such a room was out of the list does not know it. The rows of a room are fetched with `changes`.

    Numbers of another epoch, or ahead of the database, mean `reset`: the client begins anew with `sync/`.
    """
    standing = UserCounter.objects.values_list("me", flat=True).get(user=user)
    current = current_epoch()
    if epoch not in {"", current} or (me or 0) > standing:
        return Resumed([], {"me": standing, "complete": False, "reset": True})
    heads = _moved(user, rooms) if me is None else _come_back(user, rooms) | _moved(user, rooms)
    frames = [frame_json("heads", {"epoch": current, "rooms": heads})]
    if me is None:
        return Resumed(frames, {})
    changes = own_changes(user, me, top=standing, limit=limits().replay_frames)
    complete = len(changes) < limits().replay_frames
    reached = standing if complete else changes[-1]["me"]
    return Resumed([*frames, *changes], {"me": reached, "complete": complete})


def _moved(user: User, rooms: Mapping[str, Since]) -> dict[str, dict[str, int]]:
    """By room name: the heads that differ from what the client has; a room it has left ends with its leaving."""
    rows = (
        Membership.objects.of(user)
        .filter(room__name__in=list(rooms))
        .values_list("room__name", "room__head__rev", "room__marks__marks", "left_rev")
    )
    heads = {name: {"rev": rev if left is None else left, "marks": marks} for name, rev, marks, left in rows}
    return {
        name: head
        for name, head in heads.items()
        if (head["rev"], head["marks"]) != (rooms[name].rev, rooms[name].marks)
    }


def _come_back(user: User, rooms: Mapping[str, Since]) -> dict[str, dict[str, int]]:
    """By room name: the heads of rooms with a message after their clearing, unless they are in `rooms`."""
    rows = (
        Membership.objects.of(user)
        .listed()
        .filter(first_visible_seq__gt=1, room__head__seq__gt=0)
        .exclude(room__name__in=list(rooms))
        .values_list("room__name", "room__head__rev", "room__marks__marks")
    )
    return {name: {"rev": rev, "marks": marks} for name, rev, marks in rows}
