"""Answers that carry tokens."""

from dataclasses import asdict
from typing import Any

from accounts import tokens
from accounts.models import Session
from accounts.serializers import LoggedInSerializer, TokenPairSerializer


def token_pair(session: Session) -> dict[str, Any]:
    """The session's present pair."""
    return dict(TokenPairSerializer(_pair(session)).data)


def logged_in(session: Session) -> dict[str, Any]:
    """The session's first pair, and whose it is."""
    return dict(LoggedInSerializer(_pair(session) | {"user": session.user}).data)


def _pair(session: Session) -> dict[str, Any]:
    return asdict(tokens.pair_of(session)) | {"session": session.pk}
