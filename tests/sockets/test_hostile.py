"""Frames that mean no good: answered with an error, while the room goes on (F8, F14, S55, S73, S82, N16)."""

import json

import pytest

from chatapi.limits import limits
from tests.people import room_between

MIB = limits().frame_bytes


@pytest.fixture
def room(alice, bob):
    return room_between(alice, bob)


def typed(kind: object, **data: object) -> str:
    return json.dumps({"type": kind, "ref": "r", "data": data})


NOT_JSON = {
    "words": "hello",
    "nothing": "",
    "blanks": "   ",
    "half": '{"type": "ping"',
    "a list": '[{"type": "ping"}]',
    "a string": '"ping"',
    "a number": "1",
    "null": "null",
    "binary": b"\x00\x01\x02",
    "binary JSON": b'{"type": "ping"}',
    "NaN": '{"type": "ping", "data": {"x": NaN}}',
    "Infinity": '{"type": "ping", "data": {"x": -Infinity}}',
    "NUL": '{"type": "message.send", "data": {"text": "a\\u0000b"}}',
    "a surrogate": '{"type": "message.send", "data": {"text": "\\ud800"}}',
    "a surrogate as type": '{"type": "\\udfff"}',
    "100,000 brackets": "[" * 100_000 + "]" * 100_000,
    "100,000 braces": '{"data":' * 100_000,
    "17 levels": '{"type": "ping", "data": {"x": ' + "[" * 15 + "]" * 15 + "}}",
    "a key twice": '{"type": "ping", "type": "typing"}',
    "an endless number": '{"type": "read", "data": {"seq": ' + "9" * 5_000 + "}}",
    "3,000 keys": json.dumps({f"k{n}": n for n in range(3_000)}),
}

HOSTILE_TYPES = [
    "websocket.disconnect",
    "websocket.receive",
    "websocket.close",
    "http.request",
    "bus.events",
    "chat.message",
    "message_send",
    "message.send ",
    "MESSAGE.SEND",
    "hello",
    "ack",
    "__class__",
    "__init__",
    "perform",
    "",
    "x" * 10_000,
    None,
    1,
    True,
    ["ping"],
    {"ping": 1},
]

WRONG_SHAPES = {
    "unknown member": ('{"type": "ping", "x": 1}', "unknown_field"),
    "sender": ('{"type": "ping", "sender": "mallory"}', "unknown_field"),
    "unknown field": (typed("message.send", text="a", sender="mallory"), "unknown_field"),
    "unknown field of ping": (typed("ping", x=1), "unknown_field"),
    "plain with more": ('{"message": "a", "text": "x"}', "unknown_field"),
    "another room": ('{"type": "message.send", "room": "x", "data": {"text": "a"}}', "not_found"),
    "another room, plain": ('{"message": "a", "room": "x"}', "not_found"),
    "plain number": ('{"message": 5.5e300}', None),
    "plain list": ('{"message": ["a"]}', "invalid_input"),
    "plain null": ('{"message": null}', "invalid_input"),
    "data is a list": ('{"type": "ping", "data": []}', "invalid_input"),
    "data is text": ('{"type": "ping", "data": "x"}', "invalid_input"),
    "ref is a number": ('{"type": "ping", "ref": 1}', "invalid_input"),
    "ref is too long": (json.dumps({"type": "ping", "ref": "x" * 101}), "invalid_input"),
    "room is a number": ('{"type": "ping", "room": 1}', "invalid_input"),
    "no text": (typed("message.send"), "invalid_input"),
    "empty text": (typed("message.send", text=""), "invalid_input"),
    "blank text": (typed("message.send", text=" \n\t "), "invalid_input"),
    "text is null": (typed("message.send", text=None), "invalid_input"),
    "text is a list": (typed("message.send", text=["a"]), "invalid_input"),
    "text is true": (typed("message.send", text=True), "invalid_input"),
    "client_id is no UUID": (typed("message.send", text="a", client_id="x"), "invalid_input"),
    "client_id is a list": (typed("message.send", text="a", client_id=[]), "invalid_input"),
    "client_id is a number": (typed("message.send", text="a", client_id=2**200), "invalid_json"),
    "reply_to nobody": (
        typed("message.send", text="a", reply_to="01890a5d-ac96-774b-bcce-b302099a8057"),
        "invalid_input",
    ),
    "extra is a list": (typed("message.send", text="a", extra=[1]), "invalid_input"),
    "extra is too large": (typed("message.send", text="a", extra={"x": "y" * 5_000}), "invalid_input"),
    "seq is missing": (typed("read"), "invalid_input"),
    "seq is negative": (typed("read", seq=-1), "invalid_input"),
    "seq is text": (typed("read", seq="many"), "invalid_input"),
    "seq is a list": (typed("delivered", seq=[1]), "invalid_input"),
    "seq is above the database": (typed("read", seq=2**63), "invalid_input"),
    "state is unknown": (typed("typing", state="thinking"), "invalid_input"),
    "state is a list": (typed("typing", state=["typing"]), "invalid_input"),
    "state is an object": (typed("typing", state={}), "invalid_input"),
    "since is text": (typed("changes", since="x"), "invalid_input"),
    "since is negative": (typed("changes", since=-5), "invalid_input"),
    "token is a list": (typed("auth", token=["x"]), "invalid_input"),
    "token is too long": (typed("auth", token="x" * 5_000), "invalid_input"),
}


def check_problem(frame: dict, code: str | None) -> None:
    assert frame["type"] == "error", frame
    assert frame.keys() <= {"type", "ref", "at", "error"}
    problem = frame["error"]
    assert problem.keys() >= {"type", "title", "status", "detail", "code", "request_id", "retry"}
    assert problem["status"] < 500, frame
    assert problem["code"] == (code or problem["code"]), frame
    if problem["code"] == "invalid_input":
        assert problem["errors"][0].keys() == {"field", "code", "message"}


def batches(items: list, size: int = 25) -> list[list]:
    """A socket is closed after more than 30 bad frames in a minute."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def attack(enter, alice, bob, room, frames: list[tuple[str, str | bytes, str | None]]) -> None:
    """Each frame gets its error on a socket that stays open, and the other's socket goes on receiving."""
    theirs = enter(bob, room)
    for batch in batches(frames):
        mine = enter(alice, room)
        for name, frame, code in batch:
            mine.raw(frame)
            answer = mine.next("ack", "error")
            if code is not None or answer["type"] == "error":
                check_problem(answer, code)
            mine.send_message(name)
            created = theirs.next("message.created")
            while created["data"]["text"] != name:
                created = theirs.next("message.created")
        mine.close()


def test_frames_that_are_no_json_object(enter, alice, bob, room):
    attack(enter, alice, bob, room, [(name, frame, "invalid_json") for name, frame in NOT_JSON.items()])


def test_types_that_are_not_for_clients(enter, alice, bob, room):
    """F8: what a client calls a type never chooses what a server runs."""
    attack(
        enter, alice, bob, room, [(str(kind)[:50] or "empty", typed(kind), "unknown_frame") for kind in HOSTILE_TYPES]
    )


def test_frames_of_the_wrong_shape(enter, alice, bob, room):
    attack(enter, alice, bob, room, [(name, frame, code) for name, (frame, code) in WRONG_SHAPES.items()])


def test_the_ref_comes_back_with_the_error(enter, alice, room):
    error = enter(alice, room).ask("message.send", ref="mine", text="")
    assert (error["ref"], error["error"]["code"]) == ("mine", "invalid_input")


def test_text_that_is_not_utf8_ends_only_its_own_socket(enter, bare, alice, bob, room):
    theirs, mine = enter(bob, room), bare(alice, room)
    mine.peer.sendall(b"\x81\x82\0\0\0\0\xff\xfe")
    assert mine.code() == 1007
    theirs.send_message("still here")


def test_too_many_bad_frames(enter, alice, bob, room):
    theirs, mine = enter(bob, room), enter(alice, room)
    for _ in range(limits().bad_frames_per_minute + 1):
        mine.raw("nonsense")
    assert mine.code() == 4400
    assert len(mine.of_type("error")) == limits().bad_frames_per_minute + 1
    theirs.send_message("still here")


def test_the_largest_frame_is_read_and_a_larger_one_is_not(enter, alice, bob, room):
    """1009 above `limits.frame_bytes`; F25, S73."""
    theirs, mine = enter(bob, room), enter(alice, room)
    frame = typed("message.send", text="a")
    mine.raw(frame.ljust(MIB))
    assert mine.answer("r")["type"] == "ack"
    mine.raw(frame.ljust(MIB + 1))
    assert mine.code() == 1009
    theirs.send_message("still here")


def test_a_megabyte_of_text_is_too_long_a_message(enter, alice, room):
    mine = enter(alice, room)
    mine.raw(typed("message.send", text="x" * (MIB - 100)))
    check_problem(mine.answer("r"), "invalid_input")


def test_a_message_in_many_pieces_is_one_message(bare, enter, alice, room):
    """RFC 6455, 5.4: fragments, with a ping in between."""
    watching, mine = enter(alice, room), bare(alice, room)
    text = typed("message.send", text="in pieces").encode()
    first, rest = text[:10], text[10:]
    mine.peer.sendall(bytes((0x01, 0x80 | len(first))) + b"\0\0\0\0" + first)
    mine.peer.sendall(b"\x89\x80\0\0\0\0")
    mine.peer.sendall(bytes((0x80, 0x80 | len(rest))) + b"\0\0\0\0" + rest)
    assert watching.next("message.created")["data"]["text"] == "in pieces"
