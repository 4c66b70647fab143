"""The two tokens of a session, both made from its row and verified without a query (S21-S24, S39).

access: a JWT, HS256, short-lived, sent with every request.
refresh: `rt.<kid>.<session>.<generation>.<mac>`, good for one new pair.

Both are signed with the keys of `settings.TOKEN_KEYS`. What is signed can never be taken for the other kind: a JWT
begins with an encoded brace, a refresh token with `rt.`.
"""

import base64
import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings

from accounts.errors import InvalidToken, TokenExpired
from accounts.models import Session
from chatapi import ids, times

ALGORITHM = "HS256"
LEEWAY_SECONDS = 5
"""How far the clocks of two servers may differ."""
MAX_TOKEN_LENGTH = 2_048
_CLAIMS = ["iss", "aud", "sub", "sid", "gen", "jti", "typ", "iat", "nbf", "exp"]


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified access token says."""

    user_id: UUID
    session_id: UUID
    generation: int


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """What a verified refresh token says."""

    session_id: UUID
    generation: int


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client holds between two refreshes."""

    access: str
    access_expires_at: dt.datetime
    refresh: str
    refresh_expires_at: dt.datetime


def keys() -> dict[str, bytes]:
    """Key by key id, the signing one first."""
    entries = (entry.partition(":") for entry in settings.TOKEN_KEYS)
    return {kid: secret.encode() for kid, _, secret in entries}


def pair_of(session: Session) -> TokenPair:
    """The pair of the session's present generation: the same row always gives the same pair."""
    kid, key = next(iter(keys().items()))
    issued = int(session.rotated_at.timestamp())
    expires = issued + settings.ACCESS_TOKEN_SECONDS
    claims = {
        "iss": settings.TOKEN_ISSUER,
        "aud": settings.TOKEN_AUDIENCE,
        "sub": str(session.user_id),
        "sid": str(session.pk),
        "gen": session.generation,
        "jti": f"{session.pk}.{session.generation}",
        "typ": "access",
        "iat": issued,
        "nbf": issued,
        "exp": expires,
    }
    return TokenPair(
        access=jwt.encode(claims, key, ALGORITHM, {"kid": kid}),
        access_expires_at=dt.datetime.fromtimestamp(expires, dt.UTC),
        refresh=_refresh_token(kid, key, session.pk, session.generation),
        refresh_expires_at=session.runs_out_at,
    )


def read_access(token: str) -> AccessClaims:
    """What `token` says. Raises TokenExpired, or InvalidToken for everything else that is wrong with it."""
    claims, expires = _read_access(token, tuple(settings.TOKEN_KEYS), settings.TOKEN_ISSUER, settings.TOKEN_AUDIENCE)
    if expires + LEEWAY_SECONDS <= times.now().timestamp():
        raise TokenExpired
    return claims


@lru_cache(maxsize=512)
def _read_access(token: str, *made_with: object) -> tuple[AccessClaims, int]:
    """What `token` says, and when it expires. Remembered: nothing but time makes a good token a bad one.

    `made_with` is what else the answer depends on. Whatever is wrong with a token is raised, so it is not remembered.
    """
    try:
        claims = _decode(token)
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (jwt.InvalidTokenError, ValueError):
        raise InvalidToken from None
    user_id, session_id, generation = ids.parse_uuid(claims["sub"]), ids.parse_uuid(claims["sid"]), claims["gen"]
    if claims["typ"] != "access" or user_id is None or session_id is None or type(generation) is not int:
        raise InvalidToken
    return AccessClaims(user_id, session_id, generation), int(claims["exp"])


def read_refresh(token: str) -> RefreshClaims:
    """What `token` says. Raises InvalidToken for anything that this server did not make."""
    parts = token.split(".") if len(token) <= MAX_TOKEN_LENGTH else []
    if len(parts) != 5 or not parts[3].isdecimal() or len(parts[3]) > 9:
        raise InvalidToken
    _, kid, session, generation, _ = parts
    session_id, key = ids.parse_uuid(session), keys().get(kid)
    if session_id is None or key is None:
        raise InvalidToken
    expected = _refresh_token(kid, key, session_id, int(generation))
    if not hmac.compare_digest(expected.encode(), token.encode(errors="replace")):
        raise InvalidToken
    return RefreshClaims(session_id, int(generation))


def _decode(token: str) -> dict[str, Any]:
    """The claims of a JWT that one of our keys signed; of its header only the key id is looked at."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidToken
    key = keys().get(jwt.get_unverified_header(token).get("kid", ""))
    if key is None:
        raise InvalidToken
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[ALGORITHM],
        issuer=settings.TOKEN_ISSUER,
        audience=settings.TOKEN_AUDIENCE,
        leeway=LEEWAY_SECONDS,
        options={"require": _CLAIMS, "strict_aud": True},
    )
    return claims


def _refresh_token(kid: str, key: bytes, session_id: UUID, generation: int) -> str:
    body = f"rt.{kid}.{session_id}.{generation}"
    mac = hmac.new(key, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
