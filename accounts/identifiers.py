"""How people are named: the one canonical form of each name, and what a name may not contain (S4, S81)."""

import re
import unicodedata

import phonenumbers

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


def canonical_number(typed: str) -> str:
    """A number in the one form of E.164 that it has. Raises ValueError for what no country's numbers look like.

    By length only: which ranges are in use changes faster than the tables of any library.
    """
    try:
        number = phonenumbers.parse(typed)
    except phonenumbers.NumberParseException:
        raise ValueError(typed) from None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not (phonenumbers.is_possible_number(number) and MOBILE_NUMBER.fullmatch(written)):
        raise ValueError(typed)
    return written


def canonical_login(typed: str) -> str:
    """What somebody logs in with, in the form in which it is stored and counted."""
    text = typed.strip()
    try:
        if text.startswith("+"):
            return canonical_number(text)
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


def masked_number(number: str) -> str:
    """`+49***78`."""
    return f"{number[:3]}***{number[-2:]}"


def masked_email(address: str) -> str:
    """`b***@example.org`: enough for its owner to recognise, nothing for others to learn."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
