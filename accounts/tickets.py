"""Tickets: the right to open one socket, fit for a URL because it is worth nothing afterwards (S27)."""

import datetime as dt
import hashlib
import secrets

from django.conf import settings

from accounts.authentication import Principal, principal_in
from accounts.errors import InvalidToken
from accounts.models import WsTicket
from chatapi import times


def issue(principal: Principal) -> tuple[str, dt.datetime]:
    """A ticket of 192 random bits for one socket of this session, and when it runs out."""
    ticket = secrets.token_urlsafe(24)
    expires_at = times.now() + dt.timedelta(seconds=settings.WS_TICKET_SECONDS)
    WsTicket.objects.create(hash=_hash(ticket), session_id=principal.session_id, expires_at=expires_at)
    return ticket, expires_at


def redeem(ticket: str) -> Principal:
    """Whose ticket it is; it is spent thereby, also when several come at once.

    Raises InvalidToken for an unknown, spent or stale ticket and SessionEnded for one of an ended session.
    """
    rows = WsTicket.objects.filter(pk=_hash(ticket), expires_at__gt=times.now())
    found = rows.select_related("session__user").first()
    spent, _ = rows.delete()
    if found is None or not spent:
        raise InvalidToken
    return principal_in(found.session)


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode(errors="replace")).hexdigest()
