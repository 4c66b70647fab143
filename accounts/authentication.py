"""Who is calling: from a token to a user and a session, for requests and sockets alike."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet, UUIDField
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts import last_use, tokens
from accounts.errors import InvalidToken, SessionEnded
from accounts.models import Session, User
from accounts.models.session import is_live
from chatapi import database, times
from chatapi.statements import Given, Row, Statement, columns_of, model_of

ESSENTIAL = ("id", "username", "display_name", "is_active")
"""The columns of the user that every call needs; the others are loaded by whoever asks for them."""
_LAST_USED_EXACT_TO = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Principal:
    """The user who calls, and the session they call from."""

    user: User
    session_id: UUID


def principal_of(token: str) -> Principal:
    """The bearer of an access token; one query, and at most one update a minute.

    Raises TokenExpired, SessionEnded or InvalidToken (401). An ended session or a switched-off user is refused at
    once, whatever the token's own life. The user has `ESSENTIAL` columns; whoever asks for others loads them.
    Synchronous: call it from a thread.
    """
    return principal_and(token, _SESSION)[0]


def principal_and_profile(token: str) -> Principal:
    """As `principal_of`, with all columns of the user."""
    principal, row = principal_and(token, _SESSION_AND_PROFILE)
    return Principal(model_of(User, row), principal.session_id)


def principal_and(token: str, statement: Statement, **given: Any) -> tuple[Principal, Row]:
    """As `principal_of`, and in the same query what else a statement brings behind `caller_columns`.

    Nothing else where it gives no row for this session; whether the session lives is then asked for on its own.
    """
    claims = tokens.read_access(token)
    row = statement.row(session=claims.session_id, **given) or _SESSION.row(session=claims.session_id)
    if row is None:
        raise SessionEnded  # the token is ours, so its session was there once
    session, person = _Standing(*row[:_USER]), row[_USER:_REST]
    user = User.from_db(DEFAULT_DB_ALIAS, ESSENTIAL, person)
    if user.pk != claims.user_id:
        raise InvalidToken
    now = times.now()
    if not (user.is_active and is_live(now, session.created_at, session.last_used_at, session.ended_at)):
        raise SessionEnded
    _note_use(session, claims, now)
    return Principal(user, claims.session_id), row[_REST:]


class _Standing(NamedTuple):
    """What decides whether a session is live, and what its use may change."""

    created_at: dt.datetime
    last_used_at: dt.datetime
    ended_at: dt.datetime | None
    generation: int
    generation_used: bool


def caller_columns(session: str, user: str) -> list[str]:
    """What a statement for `principal_and` begins with; the lookups to both end in `__`, or are empty."""
    return [f"{session}{name}" for name in _Standing._fields] + [f"{user}{name}" for name in ESSENTIAL]


_USER = len(_Standing._fields)
_REST = _USER + len(ESSENTIAL)


def _session(*columns: str) -> QuerySet[Session, Any]:
    rows = Session.objects.filter(pk=Given("session", UUIDField()))
    return rows.values_list(*caller_columns("", "user__"), *columns)


_SESSION = Statement(_session)
_SESSION_AND_PROFILE = Statement(lambda: _session(*(f"user__{column}" for column in columns_of(User))))


def caller(request: Request) -> Principal:
    """Who sent a request that `AccessTokenAuthentication` let through."""
    return cast(Principal, request.auth)


def principal_in(session: Session) -> Principal:
    """The user of a session that was loaded with its user. Raises SessionEnded when either is over."""
    if not session.is_live(times.now()) or not session.user.is_active:
        raise SessionEnded
    return Principal(session.user, session.pk)


def _note_use(session: _Standing, claims: tokens.AccessClaims, now: dt.datetime) -> None:
    """The first use of a generation shows that its pair has arrived; later ones only move `last_used_at`."""
    if claims.generation == session.generation and not session.generation_used:
        rows = Session.objects.filter(pk=claims.session_id, generation=claims.generation)
        rows.update(generation_used=True, last_used_at=now)
    elif now - session.last_used_at > _LAST_USED_EXACT_TO:
        last_use.note_use(claims.session_id, now)


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`: `request.user` becomes the User, `request.auth` the Principal.

    A view that needs more in the same query has a `find_caller` of its own.
    """

    def authenticate(self, request: Request) -> tuple[User, Principal]:
        """Raises the same 401s as `principal_of`, also for a missing header: public views have no authentication."""
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            raise InvalidToken
        find_caller = getattr(request.parser_context["view"], "find_caller", principal_of)
        principal = database.call(find_caller, token.strip().decode("latin-1"))
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        """What `WWW-Authenticate` says in a 401."""
        return "Bearer"
