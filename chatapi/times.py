"""The one way a moment is written for clients: RFC 3339, UTC, milliseconds, `Z`."""

import datetime as dt
from functools import lru_cache

from django.utils import timezone


def now() -> dt.datetime:
    """The present moment, cut to the milliseconds that clients see."""
    moment = timezone.now()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@lru_cache(maxsize=1_024)  # rows of a page and frames of a batch share theirs
def rfc3339(moment: dt.datetime) -> str:
    """`2026-01-31T12:00:00.123Z`."""
    if moment.tzinfo is not dt.UTC:
        moment = moment.astimezone(dt.UTC)
    return f"{moment.isoformat('T', 'milliseconds')[:-6]}Z"


def rfc3339_or_none(moment: dt.datetime | None) -> str | None:
    """As `rfc3339`, for a moment that may be absent."""
    return None if moment is None else rfc3339(moment)
