"""Where a request comes from, as far as our own proxies vouch for it (F24, F30, S72)."""

import contextvars
import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

UNKNOWN = "0.0.0.0"  # noqa: S104 - not a bind address: what a caller without an address is counted under


calling_address: contextvars.ContextVar[str] = contextvars.ContextVar("calling_address", default="")
"""The address that the request under way comes from; empty where none does, as in a job."""


def client_address(caller: HttpRequest | Request | Mapping[str, Any]) -> str:
    """The caller's address, from a request or an ASGI scope.

    Every proxy appends the address it was called from, so only the entries that our own settings.TRUSTED_PROXIES
    proxies appended can be believed: the list is read from its right end.
    """
    peer, forwarded = _from_scope(caller) if isinstance(caller, Mapping) else _from_request(caller)
    chain = [entry.strip() for entry in forwarded.split(",") if entry.strip()] + [peer]
    claimed = chain[max(0, len(chain) - 1 - settings.TRUSTED_PROXIES)]
    return _address(claimed) or _address(peer) or UNKNOWN


def address_key(address: str) -> str:
    """What one subscriber is counted under: an IPv4 address, or the /64 network of an IPv6 address."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def is_from_private_network(request: HttpRequest) -> bool:
    """Whether the caller is on this machine or a private network.

    A forwarding header that no setting explains means a proxy nobody counted: then the peer says nothing.
    """
    if "X-Forwarded-For" in request.headers and settings.TRUSTED_PROXIES == 0:
        return False
    address = client_address(request)
    return address != UNKNOWN and ipaddress.ip_address(address).is_private


def is_address(text: str) -> bool:
    """Whether this is an IP address rather than a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _from_request(request: HttpRequest | Request) -> tuple[str, str]:
    return request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")


def _from_scope(scope: Mapping[str, Any]) -> tuple[str, str]:
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    client = scope.get("client")
    return (client[0] if client else ""), ",".join(forwarded)


@lru_cache(maxsize=4_096)
def _address(text: str) -> str:
    """The address in `203.0.113.7`, `203.0.113.7:1234`, `2001:db8::1`, `[2001:db8::1]:1234`; nothing for the rest."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
