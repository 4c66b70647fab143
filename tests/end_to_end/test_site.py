"""The reader of the logs finds what it is there for."""

import pytest

from tests.end_to_end.site import MAIL, is_complaint

MAILED = """15:00:00 INFO    before
--- mail ---------------------------------------------------------------
To: alice@example.org

Your code is 123456
------------------------------------------------------------------------
15:00:01 INFO    after
"""


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ("15:00:00 INFO    GET /api/v1/sync/ 500 milliseconds=1.0", True),
        ("15:00:00 INFO    POST /api/v1/sync/ 503 milliseconds=500.1", True),
        ("15:00:00 ERROR   A socket failed.\nTraceback (most recent call last):\n  ...", True),
        ("15:00:00 INFO    GET /api/v1/sync/ 200 milliseconds=500.1", False),
        ("15:00:00 ERROR   Unexpected exception in receive task\nTraceback (most recent call last):\n  ...", False),
    ],
)
def test_what_is_a_complaint(record: str, complaint: bool) -> None:
    assert is_complaint(record) is complaint


def test_a_mail_on_the_terminal_is_not_a_log() -> None:
    assert MAIL.sub("", MAILED) == "15:00:00 INFO    before\n\n15:00:01 INFO    after\n"
