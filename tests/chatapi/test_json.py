"""What a body may look like: the same strict decoder as the sockets (F14, S82)."""

import json as python_json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from chatapi import json
from chatapi.errors import InvalidJson

pytestmark = pytest.mark.urls("tests.chatapi.urls")

HOSTILE = {
    "not JSON": "{number: 1}",
    "empty text": " ",
    "a list": "[1]",
    "a string": '"text"',
    "100,000 brackets": '{"number":' + "[" * 100_000 + "]" * 100_000 + "}",
    "17 levels": '{"number":' + "[" * 16 + "]" * 16 + "}",
    "NaN": '{"number": NaN}',
    "Infinity": '{"number": -Infinity}',
    "NUL": '{"number": "\\u0000"}',
    "half a surrogate": '{"number": "\\ud800"}',
    "a key twice": '{"number": 1, "number": 2}',
    "4,000 digits": '{"number": ' + "9" * 4_000 + "}",
    "not UTF-8": b'{"number": "\xff"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bodies_are_refused_with_a_reason(api, body):
    answer = api.send(body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_json"
    assert answer.json()["detail"]


def test_a_good_body_passes(api):
    assert api.send('{"number": 1, "members": [{"role": "owner"}]}').json() == {
        "number": 1,
        "members": [{"role": "owner"}],
    }


@pytest.mark.parametrize(
    "path",
    ["/healthz/", "/api/v1/capabilities/", "/api/v1/openapi.json", "/api/v1/asyncapi.json", "/nowhere", "/fault/bug/"],
)
def test_every_reply_ends_its_line(api, path):
    """A terminal's prompt does not stick to it, and the length is right."""
    answer = api.get(path)
    assert answer.content.endswith(b"}\n")
    assert answer.headers["Content-Length"] == str(len(answer.content))


def test_no_body_is_an_empty_object(api):
    assert api.send("").json()["errors"] == [
        {"field": "number", "code": "required", "message": "This field is required."}
    ]


def test_a_body_at_the_limit_passes_and_one_byte_more_does_not(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert api.send('{"number": 1}'.ljust(100)).status_code == 200
    answer = api.send('{"number": 1}'.ljust(101))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"number": 1, "sender": "x"}', "sender"),
        ('{"number": 1, "id": "x"}', "id"),  # known, but not for writing (S51)
        ('{"number": 1, "members": [{"role": "a"}, {"role": "b", "is_staff": true}]}', "members.1.is_staff"),
    ],
)
def test_unknown_fields_are_named_with_their_path(api, body, field):
    problem = api.send(body).json()
    assert problem["code"] == "unknown_field"
    assert [error["field"] for error in problem["errors"]] == [field]


def test_wrong_fields_are_all_listed_with_their_paths(api):
    problem = api.send('{"number": "x", "members": [{"role": "a"}, {}]}').json()
    assert problem["code"] == "invalid_input"
    assert {(error["field"], error["code"]) for error in problem["errors"]} == {
        ("number", "invalid"),
        ("members.1.role", "required"),
    }


def test_other_media_types_are_refused(api):
    answer = api.post("/strict/", {"number": 1})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*", "image/avif,image/webp"])
def test_the_answer_is_json_whatever_the_client_accepts(api, accept):
    answer = api.send('{"number": 1}', Accept=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["[" * 17 + '"' + '\\"' * 400_000, "[" * 17 + '"' + "a" * 1_000_000 + "\\"])
def test_a_string_without_an_end_is_read_once(text):
    """F14: a search that backs up at every quote would stop the process for an hour."""
    with pytest.raises(InvalidJson):
        json.loads(text)


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def strictly(text: str) -> object:
    """What the decoder says without its quick way, which an escape closes."""
    try:
        value = json.loads(text.replace("{", '{"\\u0020pad":0,', 1))
    except InvalidJson:
        return InvalidJson
    del value[" pad"]
    return value


@settings(max_examples=400, deadline=None)
@given(
    value=some.dictionaries(some.text(max_size=3), VALUES, min_size=1, max_size=4),
    ascii=some.booleans(),
    cut=some.none() | some.tuples(some.integers(0, 200), some.sampled_from(['"', "{", "]", ",", ":", "1", "a", " "])),
)
def test_the_quick_way_says_what_the_strict_decoder_says(value, ascii, cut):
    """F14: whole texts, and texts with one character changed."""
    text = python_json.dumps(value, ensure_ascii=ascii)
    if cut is not None:
        place = cut[0] % len(text)
        text = text[:place] + cut[1] + text[place + 1 :]
    try:
        quick = json.loads(text)
    except InvalidJson:
        quick = InvalidJson
    if text.startswith("{"):
        assert quick == strictly(text)


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"a": {"b": "c", "b": "c"}}', '{"a": 1e999}', '{"a": 12345678901234567890}', '{"a": "\x00"}'],
)
def test_what_the_fast_decoder_lets_through_is_refused(text):
    with pytest.raises(InvalidJson):
        json.loads(text)
    with pytest.raises(InvalidJson):
        json.loads(text.encode())
