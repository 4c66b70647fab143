"""What a device knows of one room, and the rules by which frames change it. No I/O.

The cursor (`rev`, `marks`) says up to where the room's frames were applied. Only frames in order move it; rows that
come by other ways (pages, acks, frames beyond a gap) are kept, but promise nothing about what lies before them.
"""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Frame = dict[str, Any]


@dataclass
class RoomStore:
    """One room of the user with the id `me`."""

    name: str
    me: str
    room: Json = field(default_factory=dict)
    """The room as last given: its head and own settings, not the cursor."""
    epoch: str = ""
    rev: int | None = None
    """The durable half of the cursor; None before the first snapshot."""
    marks: int = 0
    is_filled: bool = False
    """Whether the newest page of messages has been taken since the cursor began."""
    messages: dict[str, Json] = field(default_factory=dict)
    receipts: dict[str, Json] = field(default_factory=dict)
    """By user id: `delivered_seq` and `read_seq`."""
    read_mark: int = 0
    """The own read mark as far as this device knows; never goes back."""
    _ahead: dict[int, Frame] = field(default_factory=dict)
    _marks_ahead: set[int] = field(default_factory=set)

    @property
    def path(self) -> str:
        """The room's address in the API."""
        return f"conversations/{self.name}/"

    def begin(self, *, epoch: str, rev: int, marks: int) -> None:
        """Starts anew at these numbers, as on the first visit and after a `reset`."""
        self.forget()
        self.epoch, self.rev, self.marks = epoch, rev, marks

    def forget(self) -> None:
        """Empties the store: another history has begun. The room's last known looks stay until it is given anew."""
        self.rev, self.marks, self.is_filled = None, 0, False
        self.messages.clear()
        self.receipts.clear()
        self._ahead.clear()
        self._marks_ahead.clear()

    def take_room(self, room: Json) -> None:
        """Keeps the room as it was given by `hello`, sync or REST, and the newest message that came with it."""
        self.room = room
        if room.get("last_message"):
            self.put(room["last_message"])
        self.read_mark = max(self.read_mark, room["my"]["last_read_seq"])

    def apply(self, frame: Frame, *, complete: bool = False) -> bool:
        """Applies a frame of the room; False when it shows that something before it is missing.

        Receipts have no `prev`. Where they come without holes (`complete`: a room's own socket, an answer of
        `changes/`) any number may follow; else one that is not the next shows that some are missing.
        """
        if "rev" in frame and "prev" in frame:
            return self._apply_durable(frame)
        if frame["type"].startswith("receipt."):
            self._take_receipt(frame["data"])
            return self._count_receipt(frame["marks"], complete=complete)
        return True

    def is_behind(self, head: Json) -> bool:
        """Whether `rev`, `marks` and `epoch` of a heartbeat tell of something that has not come."""
        behind = head["rev"] > (self.rev or 0) or head["marks"] > self.marks
        return self.rev is not None and (behind or head["epoch"] != self.epoch)

    def catch_up(self, answer: Json) -> bool:
        """Applies an answer of `changes/` (or a room of sync); whether that was everything."""
        for frame in [*answer["changes"], *answer["receipts"]]:
            self.apply(frame, complete=True)
        self.rev = max(self.rev or 0, answer["rev"])
        self._count_receipt(answer["marks"], complete=True)
        self._drain()
        return bool(answer.get("complete", True))

    def put(self, message: Json) -> None:
        """Keeps a message that came by any way: the higher `rev` wins."""
        known = self.messages.get(message["id"], {})
        if message["rev"] >= known.get("rev", 0):
            self.messages[message["id"]] = known | message  # a frame has no `mine`: what REST gave of it stays

    def take_receipts(self, answer: Json) -> None:
        """Keeps everybody's marks from `receipts/`, which is not older than its own number."""
        for receipt in answer["results"]:
            self._take_receipt(receipt)

    # What is shown

    @property
    def history(self) -> list[Json]:
        """The messages held, in the order of the room."""
        return sorted(self.messages.values(), key=lambda message: int(message["seq"]))

    @property
    def seq(self) -> int:
        """The newest place known of."""
        return max(int(self.room.get("seq", 0)), *(int(message["seq"]) for message in self.messages.values()), 0)

    @property
    def unread_count(self) -> int:
        """Counted from the messages where all of them are held; else from the room as it was last given."""
        my = self.room.get("my", {"first_visible_seq": 1, "last_read_seq": 0, "unread_count": 0})
        first = max(self.read_mark + 1, my["first_visible_seq"])
        held = [message for message in self.messages.values() if message["seq"] >= first]
        if len(held) == max(0, self.seq - first + 1):
            return sum(map(self._counts, held))
        head = self.room.get("seq", 0)
        given = my["unread_count"] if self.read_mark == my["last_read_seq"] else max(0, head - self.read_mark)
        return int(given) + sum(self._counts(message) for message in held if message["seq"] > head)

    @property
    def ticks(self) -> Json:
        """The lowest marks of the others: what an own message's ticks are drawn from."""
        others = [receipt for user, receipt in self.receipts.items() if user != self.me]
        return {
            name: min((receipt[name] for receipt in others), default=self.room.get("others", {}).get(name, 0))
            for name in ("delivered_seq", "read_seq")
        }

    def _counts(self, message: Json) -> bool:
        return message["sender"]["id"] != self.me and message["kind"] != "system" and not message["deleted_at"]

    # Frames

    def _apply_durable(self, frame: Frame) -> bool:
        self._take_row(frame)
        if self.rev is None or frame["prev"] > self.rev:
            self._ahead[frame["prev"]] = frame
            return False
        self.rev = max(self.rev, frame["rev"])
        self._drain()
        return True

    def _count_receipt(self, marks: int, *, complete: bool) -> bool:
        """Moves the cursor over `marks`, or lets it wait until what is missing before it has come."""
        if complete:
            self.marks = max(self.marks, marks)
        else:
            self._marks_ahead.add(marks)
        for waiting in sorted(self._marks_ahead):
            if waiting > self.marks + 1:
                break
            self._marks_ahead.discard(waiting)
            self.marks = max(self.marks, waiting)
        return self.marks >= marks

    def _drain(self) -> None:
        """Frames that waited beyond a gap: their rows are in, their numbers follow now."""
        for prev in sorted(self._ahead):
            if self.rev is None or prev > self.rev:
                return
            self.rev = max(self.rev, self._ahead.pop(prev)["rev"])

    def _take_row(self, frame: Frame) -> None:
        kind, data = frame["type"], frame.get("data")
        if kind.startswith("message."):
            self.put(data or {})
        elif kind == "room.updated" and self.room and data:
            self.room = self.room | data
        elif kind == "member.left" and data:
            self.receipts.pop(data["user"]["id"], None)

    def _take_receipt(self, receipt: Json) -> None:
        user = receipt.get("user", {}).get("id", "")
        known = self.receipts.get(user, {})
        self.receipts[user] = {
            name: max(known.get(name, 0), receipt.get(name, 0)) for name in ("delivered_seq", "read_seq")
        }
        if user == self.me:
            self.read_mark = max(self.read_mark, self.receipts[user]["read_seq"])
