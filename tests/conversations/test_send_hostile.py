"""What a send refuses, and the edges of what it takes (F14, S51, S73, S82)."""

import uuid

import pytest

from conversations.models import Message
from tests.people import ok, refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(alice, room):
    return lambda body: alice.client.raw("POST", f"conversations/{room}/messages/", body)


@pytest.mark.parametrize(
    "body",
    [
        "hello",
        "null",
        "[]",
        '["text"]',
        '"text"',
        "1",
        '{"text": "x"',
        '{"text": "x"} {}',
        "{'text': 'x'}",
        '{"text": "x", }',
        '{"text": "a", "text": "b"}',
        '{"text": "x", "extra": {"a": 1, "a": 2}}',
        '{"text": "x", "extra": {"n": NaN}}',
        '{"text": "x", "extra": {"n": Infinity}}',
        '{"text": "x", "extra": {"n": -Infinity}}',
        '{"text": "x", "extra": {"n": 12345678901234567890}}',
        '{"text": "nul \\u0000"}',
        '{"text": "nul \x00"}',
        '{"text": "x", "extra": {"a\\u0000": 1}}',
        '{"text": "x", "extra": {"a": "\\u0000"}}',
        '{"text": "alone \\ud800"}',
        '{"text": "alone \\udc00 too"}',
        '{"text": "x", "extra": {"a": "\\udfff"}}',
        '{"text": "x", "extra": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"text": "x", "extra": ' + '{"a":' * 17 + "1" + "}" * 17 + "}",
        "{" + ",".join(f'"k{n}": 1' for n in range(2_049)) + "}",
        b'{"text": "\xff\xfe"}',
        b"\x00\x01\x02",
    ],
)
def test_bodies_that_are_not_acceptable_json(post, body):
    """F14, S82: each is a 400 with a name, none a 500."""
    assert refusal(post(body)) == (400, "invalid_json")
    assert not Message.objects.exists()


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e999999"])
def test_a_number_too_large_for_a_float_is_no_number(post, number):
    """F14: it would become Infinity on the way in, which PostgreSQL does not store and strict clients do not read."""
    answer = post(f'{{"text": "x", "extra": {{"n": {number}}}}}')
    assert refusal(answer) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": None}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \n\t\u2003 "}, "text"),
        ({"text": True}, "text"),
        ({"text": ["hello"]}, "text"),
        ({"text": {"a": "b"}}, "text"),
        ({"text": "x" * 4_097}, "text"),
        ({"text": "x", "client_id": "1"}, "client_id"),
        ({"text": "x", "client_id": None}, "client_id"),
        ({"text": "x", "client_id": ""}, "client_id"),
        ({"text": "x", "client_id": ["a"]}, "client_id"),
        ({"text": "x", "client_id": {"a": 1}}, "client_id"),
        ({"text": "x", "reply_to": "first"}, "reply_to"),
        ({"text": "x", "reply_to": 1.5}, "reply_to"),
        ({"text": "x", "reply_to": []}, "reply_to"),
        ({"text": "x", "extra": []}, "extra"),
        ({"text": "x", "extra": "a"}, "extra"),
        ({"text": "x", "extra": 1}, "extra"),
        ({"text": "x", "extra": {"a": "x" * 4_089}}, "extra"),
        ({"text": "x", "extra": {"a": "ä" * 2_045}}, "extra"),
    ],
)
def test_fields_that_are_wrong(alice, room, body, field):
    answer = alice.client.post(f"conversations/{room}/messages/", body)
    assert refusal(answer) == (400, "invalid_input")
    assert [error["field"].partition(".")[0] for error in answer.json()["errors"]] == [field]
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "seq",
        "rev",
        "room",
        "room_name",
        "sender",
        "sender_id",
        "kind",
        "system",
        "created_at",
        "deleted_at",
        "expires_at",
        "forward_count",
        "fingerprint",
        "message",
        "Text",
        "extra ",
        "__class__",
        "text\u200b",
    ],
)
def test_fields_that_are_not_a_senders_to_write(alice, room, name):
    """S51."""
    answer = alice.client.post(f"conversations/{room}/messages/", {"text": "x", name: "1"})
    assert refusal(answer) == (400, "unknown_field")
    assert [error["field"] for error in answer.json()["errors"]] == [name]


@pytest.mark.parametrize(
    "body",
    [
        {"text": "x"},
        {"text": "x" * 4_096},
        {"text": "ä" * 4_096},
        {"text": "👍" * 4_096},
        {"text": "  kept as it is \n\n"},
        {"text": "\u202ethgir ot tfel\u202c \u200d zero width"},
        {"text": "e\u0301 is not é"},
        {"text": "</script><b>&amp;\\ \" ' -- ; %s {} \x1b[0m \x7f"},
        {"text": "x", "extra": {}},
        {"text": "x", "extra": {"a": "x" * 4_088}},
        {"text": "x", "extra": {"a": "ä" * 2_044}},
        {"text": "x", "extra": {"": None, "n": [1, -1.5, 9_223_372_036_854_775_807], "t": {"u": True}}},
    ],
)
def test_what_is_taken_comes_back_exactly(alice, bob, room, body):
    """S73: at the edge, not beyond it."""
    message = ok(alice.client.post(f"conversations/{room}/messages/", body))
    assert message["text"] == body["text"]
    assert message["extra"] == body.get("extra")
    assert bob.client.messages(room) == [message]


def test_fourteen_levels_of_extra_are_kept(alice, room):
    """S73: sixteen levels in all, the body and `extra` being two."""
    value: object = "core"
    for _ in range(14):
        value = [value]
    extra = {"a": value}
    assert ok(alice.client.send(room, extra=extra))["extra"] == extra


def test_a_client_id_of_any_version_will_do(alice, room):
    for client_id in (uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.uuid1()):
        assert ok(alice.client.send(room, client_id=str(client_id)))["client_id"] == str(client_id)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_other_media_types(alice, room, content_type):
    answer = alice.client.generic("POST", f"conversations/{room}/messages/", "text=x", content_type=content_type)
    assert refusal(answer) in {(415, "unsupported_media_type"), (400, "invalid_input")}
    assert not Message.objects.exists()


def test_a_body_above_the_limit(alice, room):
    answer = alice.client.raw("POST", f"conversations/{room}/messages/", f'{{"text": "{"x" * 2_700_000}"}}')
    assert refusal(answer) == (413, "too_large")


@pytest.mark.parametrize("number", ["1e25", "-1e300", "9223372036854775808.0", "-9223372036854775808.0"])
def test_a_number_that_could_not_be_read_again_is_refused(post, number):
    """F14, S82: PostgreSQL gives it back as a long integer, at which every page with this message was a 500."""
    answer = post(f'{{"text": "x", "extra": {{"n": {number}}}}}')
    assert refusal(answer) == (400, "invalid_json")


@pytest.mark.parametrize("number", [9.2e18, -9.2e18, 1e-300, 0.5, 10**18, -(10**17)])
def test_other_numbers_come_back_as_they_are(alice, room, number):
    sent = ok(alice.client.send(room, extra={"n": number}))
    assert sent["extra"]["n"] == number
    assert alice.client.messages(room)[-1]["extra"]["n"] == number
    assert ok(alice.client.patch("accounts/me/", {"extra": {"n": number}}))["extra"]["n"] == number
    assert ok(alice.client.get("accounts/me/"))["extra"]["n"] == number
