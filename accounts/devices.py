"""Whether a login comes from somewhere its owner has been before."""

import ipaddress

from accounts.models import SecurityEvent, Session

_LOOKED_AT = 1_000
"""Logins that are compared; far more than anybody has in the time that the audit log is kept."""


def is_new(session: Session) -> bool:
    """Whether neither the name of the device alone nor its address block alone would do: both have to be known.

    Names are what clients say, so a thief may hit a known one; addresses change with every café. The very first login
    is no news: it is the registration's. Looks at the audit log, which outlives sessions.
    """
    logins = SecurityEvent.objects.filter(user=session.user_id, kind=SecurityEvent.Kind.LOGGED_IN)
    earlier = list(logins.exclude(session_id=session.pk).order_by("-at").values_list("detail", "address")[:_LOOKED_AT])
    if not earlier:
        return False
    names = {name for name, _ in earlier}
    blocks = {block_of(address) for _, address in earlier}
    return session.device_name not in names or block_of(session.address) not in blocks


def block_of(address: str | None) -> str:
    """The neighbourhood of an address: what one provider gives one place (IPv4: /24, IPv6: /48)."""
    if not address:
        return ""
    prefix = 24 if ipaddress.ip_address(address).version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False))
