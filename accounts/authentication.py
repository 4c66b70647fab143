"""Who is calling: from a token to a user and a session, for requests and sockets alike."""

import datetime as dt
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts import tokens
from accounts.errors import InvalidToken, SessionEnded
from accounts.models import Session, User
from chatapi import times

_LAST_USED_EXACT_TO = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Principal:
    """The user who calls, and the session they call from."""

    user: User
    session_id: UUID


def principal_of(token: str) -> Principal:
    """The bearer of an access token; one query, and at most one update a minute.

    Raises TokenExpired, SessionEnded or InvalidToken (401). An ended session or a switched-off user is refused at
    once, whatever the token's own life. Synchronous: call it from a thread.
    """
    claims = tokens.read_access(token)
    session = Session.objects.select_related("user").filter(pk=claims.session_id).first()
    if session is None:
        raise SessionEnded  # the token is ours, so its session was there once
    if session.user_id != claims.user_id:
        raise InvalidToken
    principal = principal_in(session)
    _note_use(session, claims.generation)
    return principal


def caller(request: Request) -> Principal:
    """Who sent a request that `AccessTokenAuthentication` let through."""
    return cast(Principal, request.auth)


def principal_in(session: Session) -> Principal:
    """The user of a session that was loaded with its user. Raises SessionEnded when either is over."""
    if not session.is_live(times.now()) or not session.user.is_active:
        raise SessionEnded
    return Principal(session.user, session.pk)


def _note_use(session: Session, generation: int) -> None:
    """The first use of a generation shows that its pair has arrived; later ones only move `last_used_at`."""
    now = times.now()
    rows = Session.objects.filter(pk=session.pk)
    if generation == session.generation and not session.generation_used:
        rows.filter(generation=generation).update(generation_used=True, last_used_at=now)
    elif now - session.last_used_at > _LAST_USED_EXACT_TO:
        rows.update(last_used_at=now)


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`: `request.user` becomes the User, `request.auth` the Principal."""

    def authenticate(self, request: Request) -> tuple[User, Principal]:
        """Raises the same 401s as `principal_of`, also for a missing header: public views have no authentication."""
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            raise InvalidToken
        principal = principal_of(token.strip().decode("latin-1"))
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        """What `WWW-Authenticate` says in a 401."""
        return "Bearer"
