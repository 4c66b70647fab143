"""A device whose client is the reference one, with ears: everything it gets and does goes into the history."""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from chatclient import LiveInbox, LiveRoom, RoomStore, Session, Timing, Voice
from chatclient.link import Link
from tests.end_to_end.people import Device, Json, shared
from tests.faults.history import Began, Differs, Got, Greeted, Heard, History, Lost, Marked, Paged, Ticked
from tests.faults.site import FaultSite

PROMPT = Timing(
    reconnect_min=0.1, reconnect_max=1.5, answer=5.0, ping=3.0, close=0.5, rest_after=1.0, tries=10, patience=10.0
)
"""How patient the clients are: as documented, but quicker to come back, as a phone is that learns of its network."""


class Library:
    """One copy of each message for all devices: they differ in nothing, which is looked at here."""

    def __init__(self) -> None:
        self._copies: dict[tuple[str, int], Json] = {}

    def copy_of(self, message: Json) -> Json:
        """The one copy; the message itself where it says something else."""
        copy = self._copies.setdefault((message["id"], message["rev"]), message)
        return copy if copy is message or shared([copy]) == shared([message]) else message


class NotingStore(RoomStore):
    """A store that says when it begins, and when it first holds a message."""

    def __init__(
        self, name: str, me: str, library: Library, *, on_begin: Callable[[int], None], on_new: Callable[[str], None]
    ) -> None:
        super().__init__(name, me)
        self.began_at = 0
        """Above this it has to hold everything."""
        self._library = library
        self._on_begin = on_begin
        self._on_new = on_new

    def begin(self, *, epoch: str, rev: int, marks: int) -> None:
        """Starts anew at these numbers; once is enough."""
        self.began_at = rev
        self._on_begin(rev)
        super().begin(epoch=epoch, rev=rev, marks=marks)

    def put(self, message: Json) -> None:
        """Keeps it, without a copy of its own for every device."""
        if message["id"] in self.messages:
            super().put(message)
        else:
            self._on_new(message["id"])
            self.messages[message["id"]] = self._library.copy_of(message)


class NotingDevice(Device):
    """One device of somebody: its rooms' sockets, or an inbox."""

    def __init__(
        self, site: FaultSite, session: Session, *, label: str, process: int, history: History, library: Library
    ) -> None:
        self.label = label
        self.history = history
        self._library = library
        self.voices: dict[str, Voice] = {}
        self._looking = False
        super().__init__(site, session, process=process, timing=PROMPT)

    def store(self, room_name: str) -> RoomStore:
        """What this device knows of a room."""
        if room_name not in self.rooms:
            notes = {"on_begin": partial(self._note_begin, room_name), "on_new": partial(self._note_got, room_name)}
            self.rooms[room_name] = NotingStore(room_name, self.me["id"], self._library, **notes)
        return self.rooms[room_name]

    def noting_room(self, room_name: str) -> LiveRoom:
        """The room with its socket."""
        room = self.live(room_name)
        room._on_frame = partial(self._hear, room.link, room_name)
        self._listen(room.link, room_name)
        return self._with_marks(room, room_name)

    def noting_inbox(self) -> LiveInbox:
        """All rooms on one socket."""
        inbox = self.inbox()
        inbox._on_frame = partial(self._hear, inbox.link, "")
        self._listen(inbox.link, "")
        return inbox

    def voice(self, inbox: LiveInbox, room_name: str) -> Voice:
        """A room to speak in on the inbox."""
        return self._with_marks(inbox.room(room_name), room_name)

    # What goes into the history

    def _listen(self, link: Link, room: str) -> None:
        """Every end of a connection, with its code; a link itself only tells the last one."""
        live = link._live

        async def live_and_note(token: str) -> int:
            code = await live(token)
            self.history.add(Lost(self.history.now, self.label, room, int(code)))
            return code

        link._live = live_and_note  # type: ignore[method-assign]

    def _with_marks(self, voice: Any, room: str) -> Any:
        """Every mark that was acknowledged."""
        do = voice._do

        async def do_and_note(kind: str, data: Json) -> Json:
            answer: Json = await do(kind, data)
            if kind in {"read", "delivered"}:
                self.history.add(
                    Marked(self.history.now, self.label, room, str(self.me["username"]), kind, data["seq"])
                )
            return answer

        voice._do = do_and_note
        self.voices[room] = voice
        return voice

    def _hear(self, link: Link, room: str, frame: Json) -> None:
        kind, now = frame["type"], self.history.now
        if kind == "ready":
            ready = frame["data"]
            greeting = ready.get("rev", 0), ready["complete"], bool(ready.get("reset"))
            self.history.add(Greeted(now, self.label, room, link.connections, *greeting))
        elif "rev" in frame and "prev" in frame:
            self.history.add(self._heard(link, frame, now, is_inbox=not room))
        elif kind == "receipt.updated":
            mark = frame["data"]
            who = mark.get("user", {}).get("id", "")
            place = now, self.label, frame["room"], link.connections
            self.history.add(Ticked(*place, who, mark.get("delivered_seq", 0), mark.get("read_seq", 0)))

    def _heard(self, link: Link, frame: Json, now: float, *, is_inbox: bool) -> Heard:
        place = now, self.label, frame["room"], link.connections, frame["rev"], frame["prev"]
        if not frame["type"].startswith("message."):
            return Heard(*place, inbox=is_inbox)
        message = frame["data"]
        return Heard(*place, message["id"], message["seq"], message["text"], is_inbox)

    def _note_begin(self, room: str, rev: int) -> None:
        self.history.add(Began(self.history.now, self.label, room, rev))

    def _note_got(self, room: str, key: str) -> None:
        self.history.add(Got(self.history.now, self.label, room, key))

    async def _count(self, request: httpx.Request) -> None:
        await super()._count(request)
        is_page = request.method == "GET" and request.url.path.endswith("/messages/")
        if is_page and not self._looking and "around" not in request.url.params:  # those are the harness's looks
            self.history.add(Paged(self.history.now, self.label, request.url.path.split("/")[-3]))

    # At the end

    async def look(self, path: str) -> Json:
        """A GET of the harness, which is none of the client's."""
        self._looking = True
        try:
            return await self.api.get(path)
        finally:
            self._looking = False

    def compare(self, room_name: str, rows: list[Json], fresh: Json, receipts: Json) -> None:
        """Notes whatever this device holds otherwise than a fresh look shows."""
        store = self.rooms[room_name]
        assert isinstance(store, NotingStore)
        theirs = {row["user"]["id"]: (row["delivered_seq"], row["read_seq"]) for row in receipts["results"]}
        ours = {user: (mark["delivered_seq"], mark["read_seq"]) for user, mark in store.receipts.items()}
        wanted = [row for row in rows if row["rev"] > store.began_at or row["id"] in store.messages]
        unread = store.unread_count, fresh["my"]["unread_count"]
        if shared(store.history) != shared(wanted):
            self._differs(room_name, f"holds {len(store.messages)} messages of {len(wanted)}")
        if unread[0] != unread[1]:
            self._differs(room_name, f"unread {unread[0]} instead of {unread[1]}")
        wrong = {user: mark for user, mark in ours.items() if mark != theirs.get(user)}
        if wrong:
            self._differs(room_name, f"marks {wrong} instead of {theirs}")

    def _differs(self, room: str, what: str) -> None:
        self.history.add(Differs(self.history.now, self.label, room, what))
