"""Problems: every error a client can meet has a class here or in its app, with one stable code (RFC 9457).

`Problem.as_json` is the body of an HTTP error and, unchanged, the `error` of a socket's error frame.
"""

from http import HTTPStatus
from typing import Any, ClassVar, Literal

Retry = Literal["never", "after", "reauth"]


class Problem(Exception):
    """An anticipated error. Subclasses set `code`, `title`, `status` and `retry`; all of them are in `PROBLEMS`.

    `retry` tells a client what to do: `never` (the same request fails again), `after` (wait `retry_after_ms`, then
    repeat), `reauth` (get a new token, then repeat).
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request could not be completed."
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    retry: ClassVar[Retry] = "never"

    def __init__(
        self,
        *,
        detail: str = "",
        errors: list[dict[str, str]] | None = None,
        retry_after_ms: int | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = errors
        self.retry_after_ms = retry_after_ms
        self.members = members

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        other = PROBLEMS.setdefault(cls.code, cls)
        if other is not cls:
            raise TypeError(f"The problem code {cls.code} is used by {other.__name__} and {cls.__name__}.")

    def as_json(self, request_id: str) -> dict[str, Any]:
        """The problem object: RFC 9457 and our own members."""
        body: dict[str, Any] = {
            "type": f"/swagger/#problem-{self.code}",
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            "retry": self.retry,
        }
        if self.retry_after_ms is not None:
            body["retry_after_ms"] = self.retry_after_ms
        if self.errors is not None:
            body["errors"] = self.errors
        return body | self.members


PROBLEMS: dict[str, type[Problem]] = {}
"""Every code, and the class that stands for it: the error table of the documents is made from this."""


class InvalidJson(Problem):
    """The body or frame is not a JSON object that this server accepts."""

    code = "invalid_json"
    title = "The body is not acceptable JSON."


class InvalidRequest(Problem):
    """The request itself is malformed: a broken multipart body, an impossible header."""

    code = "invalid_request"
    title = "The request is malformed."


class InvalidHost(Problem):
    """The `Host` header names no host of this server (setting ALLOWED_HOSTS)."""

    code = "invalid_host"
    title = "This server does not answer for that host name."


class InvalidCursor(Problem):
    """The `cursor` was not made by this list; take `next` and `previous` as they are given."""

    code = "invalid_cursor"
    title = "The cursor is not valid."


class InvalidInput(Problem):
    """One or more fields are wrong; `errors` names each: `{field, code, message}`."""

    code = "invalid_input"
    title = "The input is not valid."

    def __init__(self, *, errors: list[dict[str, str]], detail: str = "") -> None:
        super().__init__(detail=detail or errors[0]["message"], errors=errors)

    @classmethod
    def field(cls, field: str, code: str, message: str) -> "InvalidInput":
        """The problem of a single field."""
        return cls(errors=[{"field": field, "code": code, "message": message}])


class UnknownField(Problem):
    """The request has a field that the call does not know."""

    code = "unknown_field"
    title = "The request has an unknown field."


class NotFound(Problem):
    """No such object, or not one the caller may know of: both look the same."""

    code = "not_found"
    title = "There is no such object."
    status = HTTPStatus.NOT_FOUND


class MethodNotAllowed(Problem):
    """The address exists; the method does not."""

    code = "method_not_allowed"
    title = "This method is not allowed here."
    status = HTTPStatus.METHOD_NOT_ALLOWED


class NotAcceptable(Problem):
    """The client accepts none of the media types this address answers with."""

    code = "not_acceptable"
    title = "The requested media type is not available."
    status = HTTPStatus.NOT_ACCEPTABLE


class UnsupportedMediaType(Problem):
    """The body's media type is not one this call reads."""

    code = "unsupported_media_type"
    title = "The body's media type is not supported."
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class LengthRequired(Problem):
    """A body was sent in chunks: send it with a Content-Length."""

    code = "length_required"
    title = "The body's length must be announced."
    status = HTTPStatus.LENGTH_REQUIRED


class TooLarge(Problem):
    """The body is above the limit."""

    code = "too_large"
    title = "The body is too large."
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class PermissionDenied(Problem):
    """The caller may see the object but not do this."""

    code = "permission_denied"
    title = "This is not allowed."
    status = HTTPStatus.FORBIDDEN


class RateLimited(Problem):
    """Too many requests or frames; wait `retry_after_ms`."""

    code = "rate_limited"
    title = "Too many requests."
    status = HTTPStatus.TOO_MANY_REQUESTS
    retry = "after"


class ServerError(Problem):
    """An unforeseen error; `request_id` finds it in the server's log."""

    code = "server_error"
    title = "The server met an error."
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    retry = "after"


class Unavailable(Problem):
    """The database or another part is away for the moment; nothing was done."""

    code = "unavailable"
    title = "The service is not available at the moment."
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry = "after"
