"""The link that takes a change of address back: made where it is mailed, signed, stored nowhere (S18)."""

from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer

from accounts.models import EmailChange
from chatapi import ids

PATH = "/account/undo-email/"


def link_of(change: EmailChange) -> str:
    """The page that asks before it does anything: programs that look through mail follow links, but press no buttons.

    The token stands behind the `#`, which browsers keep to themselves, so it is in no log.
    """
    return f"{settings.PUBLIC_URL.rstrip('/')}{PATH}#{token_of(change)}"


def token_of(change: EmailChange) -> str:
    """What the link proves: that its bearer reads the old mailbox."""
    return _signer().sign(str(change.pk))


def change_of(token: str) -> UUID | None:
    """Which change this token is about; None for anything that this server did not sign."""
    try:
        return ids.parse_uuid(_signer().unsign(token))
    except BadSignature:
        return None


def _signer() -> Signer:
    return Signer(salt="accounts.undo_email", sep=".")
