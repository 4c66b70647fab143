"""What may stand in a server's log while things go wrong, and what may not (I15)."""

import re

FOREIGN_ERROR = re.compile(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE) \S+ 5(?!03)\d\d\b")
"""A 5xx that is not "try again"."""

FORESEEN = (
    "Unexpected exception in receive task",  # channels_redis: Redis is away
    "unavailable: ",  # a 503: the database is away, with the reason for the operator
    "A pulse was missed",
    "The worker met an error and goes on",
    "The heads could not be read",
    "A topic could not be repaired; trying again",
    "Members could not be read; trying again",
    "Something that nobody waited for failed",
    "of messages was refused; trying them one by one",
)


def is_unforeseen(entry: str) -> bool:
    """Whether an entry tells of something that no fault explains."""
    if FOREIGN_ERROR.search(entry):
        return True
    return "Traceback" in entry and not any(words in entry for words in FORESEEN)
