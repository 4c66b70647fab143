"""Where live delivery learns the truth about rooms, users and sessions from."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from accounts.models import Session, UserCounter
from chatapi import ids, json, times
from chatapi.limits import limits
from chatapi.realtime.event import Event
from chatapi.realtime.sources import Heads, Missed, RoomMembers
from conversations.catchup import Since, changes_since
from conversations.epoch import current_epoch
from conversations.events import change_event, receipt_event
from conversations.models import Membership, Message, RoomHead
from conversations.models.room import room_topic
from conversations.own_changes import own_changes


class Topics:
    """Rooms (`room.<id>`, numbers `rev` and `marks`) and users (`user.<id>`, number `me`) as a `TopicSource`."""

    def heads(self, topics: Sequence[str]) -> Heads:
        """Where topics stand: one query a kind."""
        epoch = current_epoch()
        numbers: dict[str, tuple[int, int]] = {}
        rooms, users = _ids(topics, "room"), _ids(topics, "user")
        if rooms:
            rows = RoomHead.objects.filter(room__in=rooms).values_list("room_id", "rev", "room__marks__marks")
            numbers |= {room_topic(room_id): (rev, marks) for room_id, rev, marks in rows}
        if users:
            counters = UserCounter.objects.filter(user__in=users).values_list("user_id", "me")
            numbers |= {f"user.{user_id}": (me, 0) for user_id, me in counters}
        return Heads(epoch, numbers)

    def missed(self, topic: str, *, rev: int, marks: int) -> Missed:
        """The topic's rows after these numbers."""
        kind, _, key = topic.partition(".")
        return _missed_own(UUID(key), rev) if kind == "user" else _missed_room(UUID(key), rev, marks)

    def members(self, topic: str) -> RoomMembers:
        """Who is in a room."""
        head = RoomHead.objects.select_related("room").get(room=_ids([topic], "room")[0])
        rows = Membership.objects.filter(room=head.room_id, state=Membership.State.MEMBER)
        floors = rows.values_list("user_id", "first_visible_seq")
        return RoomMembers(head.room.name, head.rev, {str(user_id): _floor(first) for user_id, first in floors})

    def memberships(self, user: str, topics: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Of these rooms, those the user is in."""
        rows = Membership.objects.filter(user=UUID(user), room__in=_ids(topics, "room"), state=Membership.State.MEMBER)
        return {
            room_topic(room_id): (_floor(first), rev)
            for room_id, first, rev in rows.values_list("room_id", "first_visible_seq", "room__head__rev")
        }

    def quiet_changes(self, since: dt.datetime) -> list[str]:
        """Rooms with messages stored since then: a range of the primary key, which is in order of time."""
        rows = Message.objects.filter(pk__gte=ids.uuid7_at(since)).values_list("room_id", flat=True)
        return [room_topic(room_id) for room_id in set(rows[:10_000])]


def _floor(first_visible_seq: int) -> int:
    """0 for a member who sees everything, which spares delivery a comparison."""
    return first_visible_seq if first_visible_seq > 1 else 0


def _missed_room(room_id: UUID, rev: int, marks: int) -> Missed:
    changes = changes_since(room_id, Since(rev, marks), limit=limits().replay_frames)
    if changes is None:
        return Missed(rev, marks)
    durable = [change_event(change) for change in changes.durable]
    receipts = [receipt_event(membership) for membership in changes.receipts]
    return Missed(changes.rev, changes.marks, [*durable, *receipts], changes.complete)


def _missed_own(user_id: UUID, me: int) -> Missed:
    """The counter is read before the rows; a row that changed meanwhile is found by its own bell."""
    counter = UserCounter.objects.select_related("user").get(user=user_id)
    frames = own_changes(counter.user, me, top=counter.me, limit=limits().replay_frames)
    topic = f"user.{user_id}"
    events = [Event(topic, json.dumps(frame), rev=frame["me"], prev=frame["prev"]) for frame in frames]
    complete = len(frames) < limits().replay_frames
    return Missed(max(me, counter.me) if complete else frames[-1]["me"], 0, events, complete)


def ended_sessions(session_ids: Sequence[str]) -> set[str]:
    """Which of these sessions are over, or belong to somebody who was switched off."""
    live = Session.objects.live(times.now()).filter(pk__in=session_ids, user__is_active=True)
    return set(session_ids) - {str(pk) for pk in live.values_list("pk", flat=True)}


def _ids(topics: Sequence[str], kind: str) -> list[UUID]:
    return [UUID(key) for prefix, _, key in (topic.partition(".") for topic in topics) if prefix == kind]
