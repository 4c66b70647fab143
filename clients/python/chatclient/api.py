"""REST: one call with everything around it: token, refresh, repeats."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from chatclient.errors import Problem, SessionEnded, Unreachable
from chatclient.timing import Timing

Json = dict[str, Any]
BASE = "/api/v1/"


@dataclass(frozen=True, slots=True)
class Session:
    """What has to be kept to stay logged in."""

    id: str
    access: str
    refresh: str
    user: Json = field(default_factory=dict)


class Api:
    """The calls of one user on one device.

    `on_session` is told every new pair of tokens, and None when the session is over: that is what an app stores.
    """

    def __init__(
        self,
        url: str,
        *,
        session: Session | None = None,
        on_session: Callable[[Session | None], None] | None = None,
        http: httpx.AsyncClient | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.session = session
        self.timing = timing or Timing()
        self._on_session = on_session
        self._http = http or httpx.AsyncClient(timeout=self.timing.answer)
        self._refreshing = asyncio.Lock()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def get(self, path: str, **query: Any) -> Json:
        """The answer to a GET."""
        return await self.call("GET", path, query=query)

    async def post(self, path: str, body: Json | None = None) -> Json:
        """The answer to a POST that may be repeated (it is idempotent, or carries a `client_id`)."""
        return await self.call("POST", path, body)

    async def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        query: Json | None = None,
        public: bool = False,
        repeatable: bool = True,
    ) -> Json:
        """One call, repeated as the problem's `retry` says, and after a lost connection where that is harmless.

        `path` is relative to the API, or absolute as in a list's `next`. What is not `repeatable` is done once, and
        its caller decides. Raises Problem, SessionEnded, Unreachable.
        """
        refreshed = False
        tries = self.timing.tries if repeatable else 1
        for attempt in itertools.count(1):
            token = "" if public else self.access
            try:
                reply = await self._send(method, path, body, query, token)
            except httpx.TransportError as error:
                if attempt >= tries:
                    raise Unreachable(repr(error)) from error
                await asyncio.sleep(self.timing.backoff(attempt))
                continue
            if reply.is_success:
                return dict(reply.json()) if reply.content else {}
            problem = _problem(reply)
            if problem.retry == "reauth" and token and not refreshed:
                refreshed = True
                await self.refresh(token)
            elif problem.retry == "after" and attempt < tries:
                await asyncio.sleep(self._wait(problem, attempt))
            else:
                raise problem
        raise AssertionError

    @property
    def access(self) -> str:
        """The access token. Raises SessionEnded when there is none."""
        if self.session is None:
            raise SessionEnded
        return self.session.access

    def start(self, answer: Json) -> Session:
        """Begins or continues a session with the tokens of `answer`."""
        user = answer.get("user") or (self.session.user if self.session else {})
        self._keep(Session(answer["session"], answer["access"], answer["refresh"], user))
        assert self.session is not None  # noqa: S101 - for the type checker
        return self.session

    def end(self) -> None:
        """Forgets the session."""
        self._keep(None)

    async def refresh(self, spent: str) -> None:
        """Replaces the access token `spent`; calls that come together share one refresh. Raises SessionEnded."""
        async with self._refreshing:
            if self.session is None:
                raise SessionEnded
            if self.session.access != spent:
                return
            try:
                body = {"refresh": self.session.refresh}
                self.start(await self.call("POST", "accounts/token/refresh/", body, public=True))
            except Problem as problem:
                if problem.status != httpx.codes.UNAUTHORIZED:
                    raise
                self.end()
                raise SessionEnded(problem.code) from problem

    def _keep(self, session: Session | None) -> None:
        self.session = session
        if self._on_session is not None:
            self._on_session(session)

    async def _send(self, method: str, path: str, body: Json | None, query: Json | None, token: str) -> httpx.Response:
        url = self.url + (path if path.startswith("/") else BASE + path)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        params = {name: value for name, value in (query or {}).items() if value is not None}
        return await self._http.request(method, url, json=body, params=params or None, headers=headers)

    def _wait(self, problem: Problem, attempt: int) -> float:
        if problem.retry_after is None:
            return self.timing.backoff(attempt)
        if problem.retry_after > self.timing.patience:
            raise problem
        return problem.retry_after


def _problem(reply: httpx.Response) -> Problem:
    """The problem in a reply; a proxy in between may answer without one."""
    try:
        return Problem(reply.json())
    except (ValueError, AttributeError):
        away = reply.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
        return Problem({"status": reply.status_code, "retry": "after" if away else "never", "detail": reply.text[:200]})
