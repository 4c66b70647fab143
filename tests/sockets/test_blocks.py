"""Blocks on live sockets: none closes, nothing passes, and the other one notices nothing but that (S47)."""

import pytest

from tests.people import group_of, room_between, said


@pytest.fixture
def room(alice, mallory):
    return room_between(alice, mallory)


def block(server, someone, user):
    with server.rest(someone) as client:
        assert client.post("blocks/", json={"user": user}).is_success


def unblock(server, someone, user):
    with server.rest(someone) as client:
        assert client.delete(f"blocks/{user}/").is_success


def test_sends_are_refused_both_ways_and_sockets_stay_open(enter, server, alice, mallory, room):
    said(alice, room, "one")
    mine, theirs = enter(alice, room), enter(mallory, room)
    block(server, alice, "mallory")
    for socket in (theirs, mine):
        answer = socket.ask("message.send", text="hello")
        assert (answer["type"], answer["error"]["code"], answer["error"]["status"]) == ("error", "cannot_send", 403)
        socket.raw('{"message": "hello"}')
        assert socket.answer(None)["error"]["code"] == "cannot_send"
    assert mine.ask("ping")["type"] == theirs.ask("ping")["type"] == "ack"
    assert mine.of_type("message.created") == theirs.of_type("message.created") == []
    unblock(server, alice, "mallory")
    assert theirs.send_message("again")["rev"] == 2


def test_typing_and_receipts_stop_both_ways(enter, server, alice, mallory, room):
    said(alice, room, "one")
    said(mallory, room, "two")
    mine, theirs = enter(alice, room), enter(mallory, room)
    block(server, alice, "mallory")
    for socket in (mine, theirs):
        assert socket.ask("typing", state="typing")["type"] == "ack"
        assert socket.ask("delivered", seq=2)["type"] == "ack"
        assert socket.ask("read", seq=2)["data"]["read_seq"] == 2
    for socket in (mine, theirs):
        assert [f for f in socket.drain(0.3) if f["type"] in {"typing.updated", "receipt.updated"}] == []
        assert socket.of_type("typing.updated", "receipt.updated") == []


def test_groups_go_on(enter, server, alice, mallory):
    group = group_of(alice, mallory)
    mine, theirs = enter(alice, group), enter(mallory, group)
    block(server, alice, "mallory")
    theirs.send_message("hello")
    theirs.say("typing", state="typing")
    assert mine.next("message.created")["data"]["text"] == "hello"
    assert mine.next("typing.updated")["data"]["state"] == "typing"
    assert theirs.ask("typing", state="idle")["type"] == "ack"
