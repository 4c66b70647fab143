"""Every reply can be found in the log, and tells browsers to keep their hands off (S87, S94, S96)."""

import json
import logging
import re
import sys

import pytest
from django.test import AsyncClient

from chatapi.logging import JsonFormatter, TextFormatter, redact, request_id

pytestmark = pytest.mark.urls("tests.chatapi.urls")

ADDRESSES = ["/healthz/", "/nowhere", "/fault/bug/", "/api/v1/capabilities/", "/swagger/", "/static/chatapi/pages.css"]


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 64])
def test_a_client_may_name_its_request(api, given):
    assert api.get("/healthz/", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\r\nSet-Cookie: x", "<script>", "ä"])
def test_other_names_are_replaced(api, given):
    answer = api.get("/healthz/", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert answer != given
    assert re.fullmatch(r"[0-9a-f]{32}", answer)


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_reply_carries_id_and_safety_headers(api, path):
    headers = api.get(path).headers
    assert headers["X-Request-ID"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_the_same_holds_under_asgi():
    answer = await AsyncClient(raise_request_exception=False).get("/fault/bug/", headers={"X-Request-ID": "mine"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (500, "mine")
    assert (await AsyncClient().get("/static/chatapi/pages.css")).status_code == 200


def test_the_access_log_has_no_query_string(api, caplog):
    """S29."""
    with caplog.at_level(logging.INFO):
        api.get("/healthz/?Authorization=marker-token")
    assert "marker-token" not in caplog.text
    [record] = [one for one in caplog.records if one.name == "chatapi.access"]
    assert record.getMessage() == "GET /healthz/ 200"
    assert record.address == "127.0.0.1"


def record_of(message, *args, **extra):
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": message, "args": args})
    vars(record).update(extra)
    return record


def test_a_line_of_the_production_log_is_one_json_object():
    request_id.set("abc")
    line = JsonFormatter().format(record_of("hello %s", "alice", room="r1"))
    assert json.loads(line) | {"at": ""} == {
        "at": "", "level": "INFO", "logger": "x", "message": "hello alice", "room": "r1", "request_id": "abc",
    }  # fmt: skip


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_user_text_cannot_forge_a_line(formatter):
    """S94: names with line breaks of every kind."""
    name = "alice\r\n12:00:00 INFO forged\u2028next\x0b\x85"
    assert len(formatter.format(record_of("joined: %s", name, user=name)).splitlines()) == 1


OBEYED = "\t\x1b[2J\x7f\x80\x85\x9b31m\x9f\u061c\u200b\u200e\u200f\u2028\u202a\u202e\u2066\u2069\ufeff"


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_user_text_cannot_command_a_terminal(formatter):
    """S94: control characters of both kinds, and marks that turn or hide what stands beside them, are shown."""
    record = record_of("joined: %s", f"alice{OBEYED}", user=f"alice{OBEYED}")
    try:
        raise ValueError(OBEYED)
    except ValueError:
        record.exc_info = sys.exc_info()
    line = formatter.format(record)
    assert [mark for mark in OBEYED if mark in line and not mark.isprintable()] == []
    assert line.count("\\u202e") == 3


SECRETS = [
    ("Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln-_", ["eyJ", "c2ln"]),
    ("GET /ws/chat/x/?Authorization=eyJhbGciOi.eyJzdWIi.c2ln&since=3", ["eyJ"]),
    ("GET /ws/chat/x/?Authorization=Bearer%20eyJhbGciOi.eyJzdWIi.c2ln&since=3", ["eyJ", "c2ln"]),
    ("ticket=Zm9vYmFy0123", ["Zm9v"]),
    ('{"password": "correct horse", "code": "123456"}', ["correct", "123456"]),
    ("{'refresh': 'r-0123456789abcdef'}", ["0123456789"]),
    ('{\\"new_password\\": \\"hunter22\\"}', ["hunter22"]),
    ("bearer 0123456789abcdef", ["0123456789"]),
]


@pytest.mark.parametrize(("line", "hidden"), SECRETS)
def test_tokens_passwords_and_codes_are_taken_out(line, hidden):
    """S20."""
    clean = redact(line)
    assert "[redacted]" in clean
    assert not [secret for secret in hidden if secret in clean]


def test_ordinary_words_stay():
    line = 'error code 42: message "decoder: ok" in room r1, since=3'
    assert redact(line) == line
