"""What the sockets share: accept, know the caller, read frames, answer them in order, and always end with a code.

A socket is accepted first and closed afterwards, because a browser shows no code for a refused handshake.
"""

import asyncio
import logging
import re
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple

from channels.consumer import AsyncConsumer

from accounts import last_use
from accounts.authentication import Principal, principal_of
from accounts.sockets import bare_token, principal_of_scope
from chatapi import database, json, metrics, times
from chatapi.errors import InvalidJson, Problem, RateLimited
from chatapi.limits import limits
from chatapi.origins import origin_allowed
from chatapi.problems import as_problem
from chatapi.realtime.drain import SERVER_RESTARTS
from chatapi.realtime.frames import frame
from chatapi.realtime.hub import Hub, hub
from chatapi.realtime.intake import STRANGER_BYTES, Intake, Verdict
from chatapi.realtime.outbox import Outbox
from chatapi.realtime.transport import direct_transport
from chatapi.realtime.wire import Frames
from chatapi.throttling import client_address
from conversations.commands import Caller, understand
from conversations.dialogue import Dialogue
from conversations.errors import NotAuthenticated

logger = logging.getLogger("chatapi.sockets")


FIRST_FRAME_CHARACTERS = 8_192
"""A first frame that says who it is gets no more than a token needs."""
TRY_AGAIN = 1013
"""The database is away: any code that is not in the table means to reconnect with a growing delay."""
REF = re.compile(r'"ref"\s*:\s*"([^"\\]{1,100})"')


class Peer(NamedTuple):
    """Where a socket comes from."""

    address: str
    origin: str | None
    path: str


class Refused(Exception):
    """The socket is to be closed with a code (docs/sockets.md)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Gone(Exception):
    """The client has closed."""


class Socket(AsyncConsumer):
    """One WebSocket. Subclasses say what it opens on (`open`) and how to leave it (`left`).

    Channels' own receive loop hops to a shared thread for every event (F11); this one reads on its own and
    needs no channel: the hub pushes to it.
    """

    kind: str
    maximum: ClassVar[int]
    """How many of this kind a session may have."""

    def __init__(self) -> None:
        self.user = ""
        self.session = ""
        self.floor = 0
        self.away = False
        self.principal: Principal
        self.code = 0
        self._peer: Peer | None = None
        self._intake = Intake()
        self._dialogue = Dialogue(self, self._intake)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The life of the socket."""
        self.scope, self._receive = scope, receive
        self._direct = direct_transport(send)
        self._take_up_to(STRANGER_BYTES)
        self.hub: Hub = hub()
        self._outbox = Outbox(send, self.hub.turn, lambda: self.close(4408))
        try:
            await receive()
            await send({"type": "websocket.accept"})
            await self._live()
        except Gone:
            pass
        except Refused as refusal:
            self.close(refusal.code)
        except Exception as error:  # noqa: BLE001 - whatever it is, the socket ends with a code
            self.close(TRY_AGAIN if as_problem(error).status == HTTPStatus.SERVICE_UNAVAILABLE else 1011)
        finally:
            self._end()

    async def _live(self) -> None:
        if self.hub.draining:
            raise Refused(SERVER_RESTARTS)
        if not origin_allowed(self._header(b"origin")):
            raise Refused(4410)
        last_use.gather_on(asyncio.get_running_loop())
        self.principal = await self._authenticate()
        self._take_up_to(limits().frame_bytes)
        self.user, self.session = str(self.principal.user.pk), str(self.principal.session_id)
        self.hub.enter(self, self.maximum)
        await self.open()
        logger.info("socket opened", extra=self._facts())
        self._forget_handshake()
        while True:
            self._dialogue.take(await self._next())

    def _forget_handshake(self) -> None:
        """The headers and the address took more memory than the open socket; what the log says at its end is kept."""
        self._peer = self._peer_facts()
        self.scope["headers"].clear()  # shared by every layer that keeps a scope of its own
        self.scope = {}
        if self._direct is not None:
            self._direct.forget_handshake()
            self._direct.hand_texts_to(self._take)

    def _end(self) -> None:
        """Leaves no trace, whatever has happened (F13)."""
        self._dialogue.end()
        self.left()
        self.hub.exit(self)
        self._outbox.drop()
        metrics.socket_closed_total.labels(code=str(self.code)).inc()
        logger.info("socket closed", extra=self._facts())

    # For subclasses

    room_name: str | None = None
    """The room that all frames are about; None where each names its own."""

    def find_caller(self, token: str) -> Principal:
        """Who a token belongs to. Runs in a database thread."""
        return principal_of(token)

    async def open(self) -> None:
        """Joins topics and says hello."""
        raise NotImplementedError

    @property
    def caller(self) -> Caller:
        """Who speaks, for commands."""
        raise NotImplementedError

    def left(self) -> None:
        """Undoes `open`; also called when it failed halfway."""
        raise NotImplementedError

    # Outgoing

    def hello(self, *, epoch: str, **standing: Any) -> str:
        """The first frame: who it is, what holds here, and where things stand."""
        data = {
            "epoch": epoch,
            "server_time": times.rfc3339(times.now()),
            "heartbeat_seconds": limits().heartbeat_seconds,
            "user": self.principal.user.short(),
            "session": self.session,
        }
        return frame("hello", data | standing | {"limits": limits().as_json()})

    def push(self, frames: Frames) -> None:
        """Sends ready frames; never waits."""
        if frames.texts:
            self._outbox.push(frames)

    def close(self, code: int) -> None:
        """Closes the socket with `code`; never waits."""
        if not self.code:
            self.code = code
            if code == 4408:
                self._outbox.abandon()
            self._outbox.close(code)

    # Who it is

    async def _authenticate(self) -> Principal:
        try:
            principal = await database.run(principal_of_scope, self.scope, self.find_caller)
            if principal is None:
                token = await asyncio.wait_for(self._token_of_first_frame(), limits().auth_seconds)
                principal = await database.run(principal_of, token)
        except (Problem, TimeoutError, ValueError):  # the last one: a query of more fields than anybody needs
            raise Refused(4401) from None
        return principal

    async def _token_of_first_frame(self) -> str:
        text = await self._next()
        if len(text) > FIRST_FRAME_CHARACTERS:
            raise NotAuthenticated
        first = understand(json.loads(text))
        token = first.data.get("token")
        if first.type != "auth" or not isinstance(token, str):
            raise NotAuthenticated
        return bare_token(token)

    def _header(self, name: bytes) -> str | None:
        values = [value for key, value in self.scope["headers"] if key == name]
        return values[0].decode("latin-1") if values else None

    # Incoming

    def _take_up_to(self, size: int) -> None:
        """What is larger is refused from its header, before it costs anything."""
        if self._direct is not None:
            self._direct.take_up_to(size)

    async def _next(self) -> str:
        """The next frame's text. Raises Gone, and Refused for a frame or a flood that ends the socket."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self.code = self.code or message.get("code") or 1006
                raise Gone
            text = message.get("text")
            size = len(text) if text is not None else len(message.get("bytes") or b"")
            verdict = self._intake.admit(size)
            if self.code or (verdict is Verdict.TAKE and self._is_text(text)):
                return text or ""
            self._refuse(verdict, text or "")

    def _take(self, text: str) -> None:
        """A frame that came the short way, as the loop in `_live` would take it."""
        if self.code:
            return
        verdict = self._intake.admit(len(text))
        try:
            if verdict is Verdict.TAKE:
                self._dialogue.take(text)
            else:
                self._refuse(verdict, text)
        except Refused as refusal:
            self.close(refusal.code)

    def _is_text(self, text: str | None) -> bool:
        if text is None:
            self._dialogue.answer_problem(InvalidJson(detail="Frames are text, not binary."), None)
        return text is not None

    def _refuse(self, verdict: Verdict, text: str) -> None:
        match verdict:
            case Verdict.REFUSE:
                ref = REF.search(text, 0, 512)  # unparsed: refusing has to stay cheap
                problem = RateLimited(retry_after_ms=self._intake.retry_after_ms)
                self._dialogue.answer_problem(problem, ref.group(1) if ref else None)
            case Verdict.FLOOD:
                raise Refused(4429)
            case Verdict.TOO_LARGE:
                raise Refused(1009)

    def become(self, principal: Principal) -> None:
        """A new token on a living socket may belong to another session of the same user."""
        self.hub.exit(self)
        self.principal, self.session = principal, str(principal.session_id)
        self.hub.enter(self, self.maximum)

    def _facts(self) -> dict[str, Any]:
        """What the log says about a socket: no content, no token."""
        peer = self._peer or self._peer_facts()
        return {"user": self.user, "close_code": self.code, **peer._asdict()}

    def _peer_facts(self) -> "Peer":
        return Peer(client_address(self.scope), self._header(b"origin"), self.scope["path"])
