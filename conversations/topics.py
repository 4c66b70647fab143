"""Where live delivery learns the truth about rooms and sessions from."""

from collections.abc import Sequence
from uuid import UUID

from accounts.models import Session
from chatapi import times
from chatapi.limits import limits
from chatapi.realtime.event import Event
from chatapi.realtime.frames import frame
from chatapi.realtime.sources import Heads, Missed
from conversations.catchup import Since, changes_since
from conversations.epoch import current_epoch
from conversations.events import change_event, receipt_event
from conversations.models import RoomHead
from conversations.models.room import room_topic


class RoomTopics:
    """The rooms as a `TopicSource`."""

    def heads(self, topics: Sequence[str]) -> Heads:
        """Where rooms stand: one query."""
        epoch = current_epoch()
        rows = RoomHead.objects.filter(room__in=[_room_id(topic) for topic in topics]).values_list(
            "room_id", "rev", "room__marks__marks"
        )
        return Heads(epoch, {room_topic(room_id): (rev, marks) for room_id, rev, marks in rows})

    def missed(self, topic: str, *, rev: int, marks: int) -> Missed:
        """The room's rows after these numbers, for everybody in it."""
        changes = changes_since(_room_id(topic), Since(rev, marks), limit=limits().replay_frames)
        if changes is None:
            return Missed(rev, marks)
        durable = [change_event(change) for change in changes.durable]
        receipts = [receipt_event(membership) for membership in changes.receipts]
        return Missed(changes.rev, changes.marks, [*durable, *receipts], changes.complete)

    def skip(self, room: str, event: Event) -> str:
        """A frame that moves the number and shows nothing."""
        return frame("skip", room=room, rev=event.rev, prev=event.prev)

    def heartbeat(self, room: str, *, rev: int, marks: int, epoch: str) -> str:
        """The heartbeat of a room."""
        return frame("heartbeat", {"epoch": epoch}, room=room, rev=rev, marks=marks)


def ended_sessions(session_ids: Sequence[str]) -> set[str]:
    """Which of these sessions are over."""
    live = Session.objects.live(times.now()).filter(pk__in=session_ids).values_list("pk", flat=True)
    return set(session_ids) - {str(pk) for pk in live}


def _room_id(topic: str) -> UUID:
    return UUID(topic.partition(".")[2])
