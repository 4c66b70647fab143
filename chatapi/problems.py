"""Any exception becomes the Problem that a client may see; what was not anticipated is logged, never shown."""

import logging
import math
import sqlite3
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from redis.exceptions import RedisError
from rest_framework import exceptions as drf

from chatapi import json
from chatapi.errors import (
    PROBLEMS,
    InvalidInput,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PermissionDenied,
    Problem,
    RateLimited,
    ServerError,
    TooLarge,
    Unavailable,
    UnknownField,
    UnsupportedMediaType,
)

PROBLEM_JSON = "application/problem+json"
RETRY_MS = 1_000

_SQLITE_STATEMENT_IS_WRONG = sqlite3.SQLITE_ERROR

logger = logging.getLogger("chatapi.errors")


def as_problem(error: BaseException) -> Problem:
    """The Problem for `error`: itself, the counterpart of a Django or REST framework exception, or ServerError.

    Logs the traceback of whatever is the server's own fault.
    """
    problem = error if isinstance(error, Problem) else _translate(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and problem is not error:
        logger.error("%s: %s", problem.code, type(error).__name__, exc_info=error)
    return problem


def problem_reply(problem: Problem, request_id: str) -> HttpResponse:
    """The HTTP reply of a problem that arose outside of a REST view."""
    return HttpResponse(
        json.body(problem.as_json(request_id)),
        status=problem.status,
        content_type=PROBLEM_JSON,
        headers=headers_of(problem),
    )


def headers_of(problem: Problem) -> dict[str, str]:
    """`Retry-After` in whole seconds, rounded up, and the challenge that HTTP wants beside a 401."""
    headers = {}
    if problem.retry_after_ms is not None:
        headers["Retry-After"] = str(math.ceil(problem.retry_after_ms / 1000))
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """The tree of REST framework's validation errors as a flat list, each with a path like `members.0.role`."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from field_errors(inner, path if name == "non_field_errors" else _join(path, str(name)))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            yield from field_errors(inner, path if isinstance(inner, str) else _join(path, str(place)))
    else:
        yield {"field": path, "code": getattr(detail, "code", None) or "invalid", "message": str(detail)}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _translate(error: BaseException) -> Problem:
    match error:
        case drf.ValidationError():
            return _invalid(error)
        case drf.APIException():
            return _from_rest_framework(error)
        case Http404():
            return NotFound()
        case DjangoPermissionDenied():
            return PermissionDenied()
        case RequestDataTooBig():
            return TooLarge()
        case SuspiciousOperation():
            return InvalidRequest()
        case _ if _is_outage(error):
            return Unavailable(retry_after_ms=RETRY_MS)
        case _:
            return ServerError()


def _invalid(error: drf.ValidationError) -> Problem:
    errors = list(field_errors(error.detail))
    unknown = [entry for entry in errors if entry["code"] == UnknownField.code]
    if unknown:
        names = ", ".join(entry["field"] for entry in unknown)
        return UnknownField(detail=f"This call does not know: {names}.", errors=unknown)
    return InvalidInput(errors=errors)


def _from_rest_framework(error: drf.APIException) -> Problem:
    match error:
        case drf.ParseError():
            return InvalidRequest(detail=str(error.detail))
        case drf.NotAuthenticated() | drf.AuthenticationFailed():
            # The class belongs to accounts, which this layer does not know.
            return PROBLEMS["invalid_token"](detail="This call needs a header `Authorization: Bearer <access token>`.")
        case drf.PermissionDenied():
            return PermissionDenied()
        case drf.NotFound():
            return NotFound()
        case drf.MethodNotAllowed():
            return MethodNotAllowed()
        case drf.UnsupportedMediaType():
            return UnsupportedMediaType(detail=str(error.detail))
        case drf.Throttled():
            return RateLimited(retry_after_ms=RETRY_MS)
        case _:
            return ServerError()


def _is_outage(error: BaseException) -> bool:
    """Whether a database or Redis is away or overloaded. Lock and statement timeouts count: a repeat may succeed.

    SQLite gives one class to outages and to wrong SQL; the latter is a mistake of ours and stays one.
    """
    cause = error.__cause__
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode != _SQLITE_STATEMENT_IS_WRONG
    # psycopg2 raises the bare base class when the server vanishes in the middle of a reply.
    return isinstance(error, OperationalError | InterfaceError | RedisError) or type(error) is DatabaseError
