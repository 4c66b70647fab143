"""What can go wrong."""

from typing import Any


class ChatError(Exception):
    """Any of the errors below."""


class Problem(ChatError):
    """The server refused: the problem object of an HTTP reply or of an error frame (RFC 9457)."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(f"{body.get('code')}: {body.get('detail') or body.get('title')}")
        self.body = body
        self.code: str = body.get("code", "")
        self.status: int = body.get("status", 0)
        self.retry: str = body.get("retry", "never")
        """`never`, `after` (wait, then repeat) or `reauth` (refresh, then repeat)."""
        self.retry_after: float | None = None
        if "retry_after_ms" in body:
            self.retry_after = body["retry_after_ms"] / 1000


class SessionEnded(ChatError):
    """The session is over: log in again."""


class Unreachable(ChatError):
    """No answer. What was asked may or may not have happened."""


class ConnectionLost(Unreachable):
    """The socket went down before the answer."""


class Closed(ChatError):
    """The server closed the socket for good; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code
