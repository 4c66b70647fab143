"""How people are named: the one canonical form of each name, and what a name may not contain (S4, S81)."""

import re
import unicodedata

USERNAME = re.compile(r"[A-Za-z0-9_.]{3,30}")
MOBILE_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""E.164: a plus sign and seven to fifteen digits."""

MAX_EMAIL = 254
MAX_DISPLAY_NAME = 64

_UNSEEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}
"""Zero-width joiners belong to emoji and to Persian and Indic spelling, so a display name may hold them."""


def canonical_email(typed: str) -> str:
    """The form in which an address is stored, compared and unique: NFKC, trimmed, lower case, IDNA domain.

    The local part is lowered too: no provider that people use tells `Bob@` from `bob@`, and an account each for both
    would be a trap. Raises ValueError where the domain cannot be spelled in DNS.
    """
    address = unicodedata.normalize("NFKC", typed).strip().lower()
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode('ascii')}" if local else address


def canonical_login(typed: str) -> str:
    """What somebody logs in with, in the form in which it is stored and counted."""
    text = typed.strip()
    try:
        return canonical_email(text) if "@" in text else folded(text)
    except ValueError:
        return text


def folded(text: str) -> str:
    """The form in which names are searched: compatibility characters and case make no difference."""
    return unicodedata.normalize("NFKC", text).casefold()


def clean_display_name(typed: str) -> str:
    """`typed` in NFC with runs of spaces folded and without invisible or direction-changing characters."""
    text = unicodedata.normalize("NFC", typed)
    seen = (c for c in text if c in _JOINERS or c.isspace() or unicodedata.category(c) not in _UNSEEN_CATEGORIES)
    return " ".join("".join(seen).split()).strip("".join(_JOINERS))


def masked_email(address: str) -> str:
    """`b***@example.org`: enough for its owner to recognise, nothing for others to learn."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
