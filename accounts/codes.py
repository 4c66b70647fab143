"""One-time codes: six digits, stored only as a keyed hash (S5, S6)."""

import secrets

from django.utils.crypto import salted_hmac

DIGITS = 6


def new_code() -> str:
    """An unpredictable code; leading zeros are part of it."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def code_hash(challenge_id: str, code: str) -> str:
    """What is stored of a code. It is bound to its challenge, and worth nothing without the server's key."""
    return salted_hmac("accounts.challenge", f"{challenge_id}:{code}", algorithm="sha256").hexdigest()
