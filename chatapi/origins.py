"""Which web pages may call this server from a browser: one rule for REST, sockets and media (F17, S25).

Origins are compared whole - scheme, host and port - because a bare host name would admit whatever else listens there.
"""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?P<port>:[0-9]{1,5})?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def origin_allowed(origin: str | None) -> bool:
    """Whether a page of `origin` may call: a listed one, our own PUBLIC_URL, and in DEBUG every local or LAN one.

    None means that the caller sent no Origin, as native apps do: settings.SOCKETS_WITHOUT_ORIGIN decides.
    """
    if origin is None:
        return bool(settings.SOCKETS_WITHOUT_ORIGIN)
    if origin in settings.CORS_ORIGINS or origin == origin_of(settings.PUBLIC_URL):
        return True
    return bool(settings.DEBUG) and (origin == "null" or _is_local(origin))


def fault_of(origin: str) -> str:
    """Why `origin` can never equal what a browser sends; empty if it can."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        return "write scheme://host or scheme://host:port, in small letters, without path, slash at the end or *"
    if match["port"] == _DEFAULT_PORTS.get(origin.partition(":")[0], ""):
        return "leave out the default port: browsers do not send it"
    return ""


def origin_of(url: str) -> str:
    """The origin part of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


@lru_cache(maxsize=1_024)
def _is_local(origin: str) -> bool:
    """Whether the page comes from this machine or its network: `localhost`, one-word names, `.local`, private IPs."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        return False
    host = match["host"].strip("[]")
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local"))
