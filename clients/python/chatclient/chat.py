"""One user on one device."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Self

import httpx

from chatclient.api import Api, Session
from chatclient.errors import SessionEnded
from chatclient.inbox import LiveInbox
from chatclient.room import LiveRoom
from chatclient.store import RoomStore
from chatclient.timing import Timing

Json = dict[str, Any]
Frame = dict[str, Any]

ROOMS_PER_SYNC = 2_000
"""Rooms that one `sync/` body may name (`limits.rooms_per_call`)."""


class Chat:
    """Logging in, the list of rooms, sync, and the way to a live room."""

    def __init__(
        self,
        url: str,
        *,
        socket_url: str | None = None,
        session: Session | None = None,
        on_session: Callable[[Session | None], None] | None = None,
        http: httpx.AsyncClient | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.api = Api(url, session=session, on_session=on_session, http=http, timing=timing)
        self.socket_url = (socket_url or url).rstrip("/").replace("http", "ws", 1)
        self.rooms: dict[str, RoomStore] = {}
        self.epoch = ""
        self.me_rev = 0
        self.me: Json = dict(session.user) if session else {}
        self.badge = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.api.aclose()

    # Logging in: each of the first three answers with a challenge, and a code is on its way

    async def register(self, username: str, email: str, password: str, **fields: str) -> str:
        """Asks for an account; the challenge."""
        return await self._challenge("register/", username=username, email=email, password=password, **fields)

    async def login(self, login: str, password: str) -> str:
        """Gives the password; the challenge."""
        return await self._challenge("login/", login=login, password=password)

    async def resend(self, challenge: str) -> str:
        """Asks for another code; the challenge."""
        return await self._challenge("challenges/resend/", challenge=challenge)

    async def verify(self, challenge: str, code: str, device_name: str = "") -> Json:
        """Gives the code, and is logged in: the own profile."""
        body = {"challenge": challenge, "code": code, "device_name": device_name}
        answer = await self.api.call("POST", "accounts/login/verify/", body, public=True, repeatable=False)
        self.me = dict(self.api.start(answer).user)
        return self.me

    async def logout(self) -> None:
        """Ends the session here and on the server."""
        with suppress(SessionEnded):
            await self.api.post("accounts/logout/")
        self.api.end()

    async def _challenge(self, path: str, **body: str) -> str:
        answer = await self.api.call("POST", f"accounts/{path}", body, public=True, repeatable=False)
        return str(answer["challenge"])

    # Rooms

    async def open_direct(self, user: str) -> RoomStore:
        """The one direct room with `user` (an id or a username)."""
        room = await self.api.post("conversations/", {"user": user})
        store = self.store(room["room_name"])
        store.take_room(room)
        return store

    def store(self, room_name: str) -> RoomStore:
        """What this device knows of a room."""
        return self.rooms.setdefault(room_name, RoomStore(room_name, self.me["id"]))

    def live(self, room_name: str, *, on_frame: Callable[[Frame], None] | None = None) -> LiveRoom:
        """The room with its socket; use it with `async with`."""
        return LiveRoom(self.api, self.socket_url, self.store(room_name), on_frame=on_frame)

    def inbox(self, *, on_frame: Callable[[Frame], None] | None = None) -> LiveInbox:
        """All rooms on one socket; use it with `async with`."""
        return LiveInbox(self, on_frame=on_frame)

    @property
    def room_list(self) -> list[RoomStore]:
        """The rooms held, pinned ones first, then by activity."""

        def place(store: RoomStore) -> tuple[bool, str, str]:
            return bool(store.room["my"]["pinned_at"]), str(store.room["last_activity_at"]), store.name

        listed = [store for store in self.rooms.values() if store.room]
        return sorted(listed, key=place, reverse=True)

    # Sync

    async def sync(self) -> None:
        """Brings the list of rooms up to date: from nothing, or from what this device has."""
        async for _ in self.sync_pages():
            pass

    async def sync_pages(self) -> AsyncIterator[Json]:
        """Sync, page by page, newest activity first: the first page is enough for a first screen."""
        body = self._known()
        begun = {store.name for store in self.rooms.values() if store.rev is not None}
        path: str | None = "sync/"
        me_rev = self.me_rev
        while path is not None:
            page = await self.api.post(path, body)
            if page["reset"]:
                for store in self.rooms.values():
                    store.forget()
            self._take_page(page, begun)
            me_rev, path = page["me"]["rev"], page["next"]
            yield page
        self.me_rev = me_rev

    def _known(self) -> Json:
        begun = [store for store in self.rooms.values() if store.rev is not None]
        newest = sorted(begun, key=lambda store: str(store.room["last_activity_at"]), reverse=True)[:ROOMS_PER_SYNC]
        if not newest and not self.me_rev:
            return {}
        rooms = {store.name: {"rev": store.rev, "marks": store.marks} for store in newest}
        return {"epoch": self.epoch, "me": self.me_rev, "rooms": rooms}

    def _take_page(self, page: Json, begun: set[str]) -> None:
        self.epoch, self.badge = page["epoch"], page["badge"]
        for change in page["me"]["changes"]:
            if change["type"] == "user.updated":
                self.me = change["data"]
        for name, entry in page["rooms"].items():
            store = self.store(name)
            if store.rev is None or name in begun:
                self._take_entry(store, entry)
            else:  # a socket began it while this was asked for, and brings the rest
                store.take_room(entry["room"])
        for name in page["left"]:
            self.rooms.pop(name, None)

    def _take_entry(self, store: RoomStore, entry: Json) -> None:
        """Where rows are left out the room begins anew: its older messages come by pages, when somebody looks."""
        if entry["limited"] or store.rev is None:
            store.begin(epoch=self.epoch, rev=entry["rev"], marks=entry["marks"])
        store.take_room(entry["room"])
        store.catch_up(entry)
