"""When sockets have to end: sessions over, members gone, too many (S36, S45, S46, S74)."""

import time

import pytest
from django.utils import timezone

from accounts.actions import sessions
from accounts.models import Session
from chatapi.limits import limits
from conversations.actions.rooms import end_membership
from conversations.models import Membership
from tests.people import another_device, group_of, room_between, room_called, said
from tests.sockets.servers import HEARTBEAT

A_PULSE = HEARTBEAT + 2
"""A heartbeat, on a busy machine."""


@pytest.fixture
def room(alice, bob):
    return room_between(alice, bob)


# Sessions


def test_logging_out_closes_the_sockets_of_the_session(enter, server, alice, bob, room):
    phone = [enter(alice, room), enter(alice, room)]
    tablet, theirs = enter(another_device(alice), room), enter(bob, room)
    with server.rest(alice) as client:
        assert client.post("accounts/logout/").status_code == 204
    started = time.monotonic()
    assert [socket.code(timeout=2) for socket in phone] == [4401, 4401]
    assert time.monotonic() - started < 2
    tablet.send_message("still here")
    theirs.next("message.created")


def test_logging_out_everywhere(enter, server, alice, bob, room):
    sockets = [enter(alice, room), enter(another_device(alice), room)]
    theirs = enter(bob, room)
    with server.rest(alice) as client:
        assert client.post("accounts/logout/all/").status_code == 204
    assert [socket.code(timeout=2) for socket in sockets] == [4401, 4401]
    theirs.send_message("still here")


def test_a_session_ended_from_another_process(enter, on_postgres, alice, room):
    socket = enter(alice, room)
    sessions.log_out(user=alice.user, session_id=alice.session)
    assert socket.code(timeout=2) == 4401


def test_a_session_whose_end_nobody_told(enter, alice, bob, room):
    """S36: the heartbeat asks again."""
    mine, tablet = enter(alice, room), enter(another_device(alice), room)
    Session.objects.filter(pk=alice.session).update(ended_at=timezone.now())
    assert mine.code(timeout=A_PULSE) == 4401
    tablet.send_message("still here")


def test_a_user_who_was_switched_off(enter, alice, bob, room):
    mine, theirs = enter(alice, room), enter(bob, room)
    type(alice.user).objects.filter(pk=alice.user.pk).update(is_active=False)
    assert mine.code(timeout=A_PULSE) == 4401
    assert theirs.ask("ping")["type"] == "ack"
    refused = theirs.ask("message.send", text="are you there?")
    assert refused["error"]["code"] == "cannot_send"


def test_a_new_token_on_a_living_socket(enter, alice, room):
    """The socket then lives with the new token's session."""
    socket, other = enter(alice, room), another_device(alice)
    ack = socket.ask("auth", token=other.tokens["access"])
    assert (ack["type"], ack["data"]) == ("ack", {"session": other.session})
    Session.objects.filter(pk=alice.session).update(ended_at=timezone.now())
    socket.drain(HEARTBEAT + 1)
    socket.send_message("still here")
    Session.objects.filter(pk=other.session).update(ended_at=timezone.now())
    assert socket.code(timeout=A_PULSE) == 4401


@pytest.mark.parametrize("token", ["the own one", "Bearer the own one"])
def test_the_own_token_once_more(enter, alice, room, token):
    ack = enter(alice, room).ask("auth", token=token.replace("the own one", alice.tokens["access"]))
    assert ack["data"] == {"session": alice.session}


def test_somebody_elses_token_on_a_living_socket(enter, alice, bob, room):
    socket = enter(alice, room)
    for token in (bob.tokens["access"], bob.tokens["refresh"], "x.y.z"):
        error = socket.ask("auth", token=token)
        assert (error["type"], error["error"]["status"], error["error"]["code"]) == ("error", 401, "invalid_token")
    assert socket.send_message("still alice")["data"]["sender"]["username"] == "alice"


# Members


def remove(someone, room, state=Membership.State.REMOVED):
    return end_membership(room_id=room_called(room).pk, user=someone.user, state=state)


def test_who_is_removed_gets_the_frame_and_the_close_and_nothing_else(enter, on_postgres, alice, bob, carol):
    """S45: what is written after the removal reaches the others only."""
    room = group_of(alice, bob, carol)
    mine, phone, tablet = enter(alice, room), enter(bob, room), enter(another_device(bob), room)
    mine.send_message("before")
    remove(bob, room)
    said(alice, room, "after")
    assert [socket.code(timeout=2) for socket in (phone, tablet)] == [4403, 4403]
    for socket in (phone, tablet):
        kinds = [frame["type"] for frame in socket.seen if frame["type"] != "heartbeat"]
        assert kinds == ["hello", "ready", "message.created", "member.left"]
        left = socket.of_type("member.left")[0]
        assert (left["rev"], left["prev"]) == (2, 1)
        assert left["data"] == {"user": bob.user.short(), "state": "removed", "role": "member"}
    assert mine.next("member.left")["data"]["user"]["username"] == "bob"
    assert mine.next("message.created")["data"]["text"] == "after"


def test_a_removal_that_nobody_told_ends_at_the_same_frame(enter, silent, alice, bob, carol):
    """The repair brings removal and later messages together, and still stops at the removal."""
    room = group_of(alice, bob, carol)
    mine, theirs = enter(alice, room), enter(bob, room)
    said(alice, room, "before")
    remove(bob, room, Membership.State.LEFT)
    said(alice, room, "after one", "after two")
    assert theirs.code(timeout=A_PULSE) == 4403
    kinds = [frame["type"] for frame in theirs.seen if frame["type"] != "heartbeat"]
    assert kinds == ["hello", "ready", "message.created", "member.left"]
    assert [mine.next("message.created")["data"]["text"] for _ in range(3)] == ["before", "after one", "after two"]


def test_who_is_removed_cannot_send(enter, silent, alice, bob, carol):
    """Also in the moment before the socket closes."""
    room = group_of(alice, bob, carol)
    theirs = enter(bob, room)
    remove(bob, room)
    theirs.say("message.send", ref="late", text="let me in")
    theirs.code(timeout=A_PULSE)
    errors = [frame["error"]["code"] for frame in theirs.of_type("error")]
    assert errors in (["not_a_member"], [])
    assert theirs.of_type("ack") == []


# Too many


def test_the_oldest_socket_of_a_session_gives_way(enter, alice, room):
    maximum = limits().room_sockets_per_session
    tablet = enter(another_device(alice), room)
    sockets = [enter(alice, room) for _ in range(maximum + 1)]
    assert sockets[0].code() == 4409
    for socket in (sockets[1], sockets[-1], tablet):
        socket.send_message("still here")


def test_a_closed_socket_makes_room(enter, server, alice, room):
    sockets = [enter(alice, room) for _ in range(limits().room_sockets_per_session)]
    sockets[5].close()
    sockets[6].vanish()
    deadline = time.monotonic() + 5
    while server.state()["sockets"] > limits().room_sockets_per_session - 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    enter(alice, room)
    enter(alice, room)
    sockets[0].send_message("still here")
