"""People with real clients, and what their stories need."""

import asyncio
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from chatclient import Chat, Session, Timing
from tests.end_to_end.site import Site

Json = dict[str, Any]

QUICK = Timing(reconnect_min=0.02, reconnect_max=0.25, answer=4.0, ping=1.0, close=0.5, rest_after=0.5, tries=40)
"""A client that loses no time; only its patience differs from the defaults."""
PASSWORD = "correct horse battery"


def unique(name: str) -> str:
    return f"{name}_{uuid.uuid4().hex[:8]}"


class Device(Chat):
    """A person's client on one device, which counts its REST calls and whose tokens are looked for in the logs."""

    def __init__(
        self,
        site: Site,
        session: Session | None = None,
        *,
        process: int = 0,
        url: str = "",
        socket_url: str = "",
        timing: Timing = QUICK,
    ) -> None:
        self.calls: Counter[str] = Counter()
        super().__init__(
            url or site.rest,
            socket_url=socket_url or site.sockets[process % len(site.sockets)],
            session=session,
            on_session=self._note,
            http=httpx.AsyncClient(timeout=10, trust_env=False, event_hooks={"request": [self._count]}),
            timing=timing,
        )
        self._site = site
        self._note(session)

    @property
    def name(self) -> str:
        return str(self.me["username"])

    async def everything(self, room_name: str) -> list[Json]:
        """The whole history of a room, page by page from the newest, in the room's order."""
        path: str | None = f"conversations/{room_name}/messages/?limit=200"
        rows: list[Json] = []
        while path is not None:
            page = await self.api.get(path)
            rows += page["results"]
            path = page["next"]
        return rows[::-1]

    async def room(self, room_name: str) -> Json:
        return await self.api.get(f"conversations/{room_name}/")

    async def send(self, room_name: str, text: str, **fields: Any) -> Json:
        """Sends over REST."""
        body = {"client_id": str(uuid.uuid4()), "text": text} | fields
        return await self.api.post(f"conversations/{room_name}/messages/", body)

    async def _count(self, request: httpx.Request) -> None:
        self.calls[f"{request.method} {request.url.path.rstrip('/').rpartition('/')[2]}"] += 1

    def _note(self, session: Session | None) -> None:
        if session is not None:
            self._site.secrets |= {session.access, session.refresh}


def persons(site: Site, *names: str) -> list[Session]:
    """New people, each with a session, made at once; their names get an ending that makes them unique."""
    return [session_of(answer) for answer in site.shell.call("persons", names=[unique(name) for name in names])]


def another_device(site: Site, session: Session) -> Session:
    (answer,) = site.shell.call("devices", names=[session.user["username"]])
    return session_of(answer)


def session_of(answer: Json) -> Session:
    return Session(answer["session"], answer["access"], answer["refresh"], answer["user"])


async def register(site: Site, name: str) -> Device:
    """A new person who came the whole way: registration, a mail, its code."""
    device, username = Device(site), unique(name)
    address = f"{username}@example.org"
    challenge = await device.register(username, address, PASSWORD)
    await device.verify(challenge, await code_for(site, address), device_name=f"{name}'s phone")
    return device


async def code_for(site: Site, address: str, mails: int = 1) -> str:
    """The code in the newest of the `mails` that an address gets."""
    await soon(lambda: len(site.mails(address)) >= mails, f"mail for {address}", every=0.1)
    code = re.findall(r"\b\d{6}\b", site.mails(address)[0]["text"])[0]
    site.secrets.add(f" {code}")
    return str(code)


async def soon(holds: Callable[[], bool], what: str = "", *, within: float = 10.0, every: float = 0.02) -> float:
    """Waits until `holds()`; the seconds it took."""
    began = time.monotonic()
    while not holds():
        waited = time.monotonic() - began
        assert waited < within, f"not within {within} s: {what}"
        await asyncio.sleep(every)
    return time.monotonic() - began


def texts(rows: list[Json]) -> list[str]:
    return [row["text"] for row in rows]


def shared(rows: list[Json]) -> list[Json]:
    """Messages without what only one person has made of them, which frames do not carry."""
    return [{name: value for name, value in row.items() if name != "mine"} for row in rows]
