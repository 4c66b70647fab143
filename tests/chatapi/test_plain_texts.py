"""Text frames that a read brings whole take a short way; everything else is left to the server (RFC 6455, 5.2)."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chatapi.servers.plain_texts import Shortcut, whole_frames


def frame(payload: bytes, first: int = 0x81, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """As a client sends it."""
    size = len(payload)
    head = bytes((first, 0x80 | size)) if size < 126 else bytes((first, 0xFE)) + size.to_bytes(2, "big")
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def taken(*reads: bytes, largest: int = 65_535, now: bool = True) -> tuple[list[str], int]:
    """The texts that took the short way, and how many reads were left to the server."""
    texts: list[str] = []
    shortcut = Shortcut(texts.append)
    left = sum(not shortcut.takes(data, largest=largest, now=now) for data in reads)
    return texts, left


@given(texts=some.lists(some.text(max_size=300), min_size=1, max_size=5), mask=some.binary(min_size=4, max_size=4))
def test_whole_texts_are_taken_in_their_order(texts, mask):
    data = b"".join(frame(text.encode(), mask=mask) for text in texts)
    assert taken(data) == (texts, 0)


@given(text=some.text(min_size=1, max_size=300), cut=some.integers(1, 400))
def test_what_is_cut_is_left_and_so_is_all_that_follows(text, cut):
    data = frame(text.encode())
    cut = 1 + cut % (len(data) - 1)
    assert taken(data[:cut], data[cut:], frame(b"next")) == ([], 3)


@given(data=some.binary(max_size=64))
def test_any_bytes_do_no_harm(data):
    texts, left = taken(data)
    assert left or not data or b"".join(frame(text.encode()) for text in texts)


OTHER = {
    "binary": frame(b"bytes", 0x82),
    "the beginning of a fragmented message": frame(b"frag", 0x01),
    "the end of one": frame(b"ment", 0x80),
    "compressed": frame(b"small", 0xC1),
    "unmasked": b"\x81\x02hi",
    "a long length": b"\x81\xff" + (5).to_bytes(8, "big") + frame(b"hello")[2:],
    "a ping longer than allowed": frame(b"p" * 126, 0x89),
}


@pytest.mark.parametrize("data", OTHER.values(), ids=OTHER)
def test_what_is_no_plain_text_goes_the_servers_way_for_good(data):
    assert taken(data, frame(b"next")) == ([], 2)


@pytest.mark.parametrize("first", [0x88, 0x89, 0x8A])
def test_control_frames_are_the_servers_but_texts_go_on(first):
    control = frame(b"", first)
    assert taken(frame(b"one"), control, frame(b"two"), frame(b"three") + control) == (["one", "two"], 2)


def test_nothing_overtakes_what_still_waits():
    assert taken(frame(b"later"), now=False) == ([], 1)


def test_too_large_and_not_utf8_are_the_servers_to_refuse():
    assert taken(frame(b"x" * 101), frame(b"x" * 100), largest=100) == (["x" * 100], 1)
    assert taken(frame(b"\xff"), frame(b"good")) == (["good"], 1)


def test_the_mask_may_be_anything():
    for _ in range(20):
        payload, mask = os.urandom(200), os.urandom(4)
        assert whole_frames(frame(payload, mask=mask)) == [(0x81, payload)]
