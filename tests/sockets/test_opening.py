"""Who may open a socket, and what it is greeted with (docs/sockets.md; S25-S30, F9, F17)."""

import json
import time
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Session
from accounts.tokens import LEEWAY_SECONDS, pair_of
from chatapi.limits import Limits
from conversations.actions.rooms import end_membership
from conversations.models import Membership
from tests.people import another_device, group_of, logged_in, person, room_between, room_called, said
from tests.sockets.client import ChatSocket
from tests.sockets.servers import AUTH_SECONDS, HEARTBEAT


@pytest.fixture
def room(alice, bob):
    return room_between(alice, bob)


def ticket_of(someone):
    return someone.client.post("accounts/ws-ticket/").json()["ticket"]


WAYS = {
    "the published example": lambda token, _: {"query": {"Authorization": token}},
    "with Bearer": lambda token, _: {"query": {"Authorization": f"Bearer {token}"}},
    "with bearer": lambda token, _: {"query": {"Authorization": f"bearer {token}"}},
    "a header": lambda token, _: {"additional_headers": {"Authorization": f"Bearer {token}"}},
    "a ticket": lambda _, person: {"query": {"ticket": ticket_of(person)}},
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_every_way_of_giving_the_token(server, dial, alice, room, way):
    socket = dial(room, **way(alice.tokens["access"], alice))
    assert socket.next("hello")["data"]["user"]["username"] == "alice"
    assert alice.tokens["access"] not in server.log  # S29


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_the_token_as_first_frame(dial, alice, room, prefix):
    socket = dial(room)
    socket.say("auth", token=prefix + alice.tokens["access"])
    assert [socket.receive()["type"] for _ in range(2)] == ["hello", "ready"]


def test_a_ticket_opens_one_socket(dial, alice, room):
    ticket = ticket_of(alice)
    dial(room, query={"ticket": ticket}).next("ready")
    assert dial(room, query={"ticket": ticket}).code() == 4401


def test_a_socket_that_says_nothing_is_closed_in_time(dial, room):
    started = time.monotonic()
    socket = dial(room)
    assert socket.code() == 4401
    assert AUTH_SECONDS <= time.monotonic() - started < AUTH_SECONDS + 1
    assert socket.seen == []


FIRST_FRAMES = {
    "another type": '{"type": "ping"}',
    "a message": '{"message": "hello"}',
    "no token": '{"type": "auth", "data": {}}',
    "a number": '{"type": "auth", "data": {"token": 1}}',
    "a wrong token": '{"type": "auth", "data": {"token": "x.y.z"}}',
    "not JSON": "hello",
    "a list": "[1]",
    "nested": "[" * 60_000,
}


@pytest.mark.parametrize("first", FIRST_FRAMES.values(), ids=FIRST_FRAMES.keys())
def test_a_wrong_first_frame_closes(dial, room, first):
    socket = dial(room)
    socket.raw(first)
    assert socket.code(timeout=AUTH_SECONDS) == 4401
    assert socket.seen == []


def test_only_a_living_access_token_opens(dial, alice, room):
    access, refresh = alice.tokens["access"], alice.tokens["refresh"]
    expired = another_device(alice)
    ended = another_device(alice)
    Session.objects.filter(pk=expired.session).update(rotated_at=timezone.now() - timedelta(days=1))
    Session.objects.filter(pk=ended.session).update(ended_at=timezone.now())
    wrong = {
        "expired": pair_of(Session.objects.get(pk=expired.session)).access,
        "of an ended session": ended.tokens["access"],
        "a refresh token": refresh,
        "garbage": "garbage",
        "empty": " ",
        "cut": access[:-2],
        "too long": access + "x" * 4_000,
        "not ASCII": "zażółć",
        "NUL": "\0",
    }
    codes = {name: dial(room, token=token).code() for name, token in wrong.items()}
    assert codes == dict.fromkeys(wrong, 4401)


def test_a_cookie_is_no_token(dial, alice, room):
    """S26."""
    headers = {"Cookie": f"Authorization={alice.tokens['access']}; sessionid={alice.session}"}
    assert dial(room, additional_headers=headers).code() == 4401


def test_a_switched_off_user_is_refused(dial, alice, room):
    type(alice.user).objects.filter(pk=alice.user.pk).update(is_active=False)
    assert dial(room, token=alice.tokens["access"]).code() == 4401


def test_an_endless_query_is_refused(dial, alice, room):
    """A limit of the query's parser is no server error."""
    query = {f"field{n}": "x" for n in range(50)}
    assert dial(room, token=alice.tokens["access"], query=query).code() == 4401


class TestWithoutTokensInUrls:
    """SOCKET_TOKEN_IN_URL=off (S28)."""

    def test_the_published_way_is_refused(self, dial, strict, alice, room):
        assert dial(room, at=strict, token=alice.tokens["access"]).code() == 4401

    @pytest.mark.parametrize("way", ["a header", "a ticket"])
    def test_the_other_ways_open(self, dial, strict, alice, room, way):
        dial(room, at=strict, **WAYS[way](alice.tokens["access"], alice)).next("ready")

    def test_the_first_frame_opens(self, dial, strict, alice, room):
        socket = dial(room, at=strict)
        socket.say("auth", token=alice.tokens["access"])
        socket.next("ready")


ORIGINS = {
    "listed": ("https://app.example.org", None),
    "our own": ("https://chat.example.org", None),
    "foreign": ("https://evil.example.org", 4410),
    "another scheme": ("http://app.example.org", 4410),
    "another port": ("https://app.example.org:8443", 4410),
    "a suffix": ("https://app.example.org.evil.example", 4410),
    "null": ("null", 4410),
    "local, without DEBUG": ("http://localhost:3000", 4410),
    "none": (None, None),
}


@pytest.mark.parametrize(("origin", "code"), ORIGINS.values(), ids=ORIGINS.keys())
def test_origins(dial, strict, alice, room, origin, code):
    """F17, S25: whole origins only; who sends none is no browser and needs a token anyway."""
    headers = {"Authorization": f"Bearer {alice.tokens['access']}"}
    socket = dial(room, at=strict, origin=origin, additional_headers=headers)
    if code is None:
        socket.next("ready")
    else:
        assert socket.code() == code
        assert socket.seen == []


@pytest.mark.parametrize(
    ("origin", "code"), [("http://localhost:3000", None), ("null", None), ("https://evil.example.org", 4410)]
)
def test_origins_in_debug(dial, alice, room, origin, code):
    socket = dial(room, token=alice.tokens["access"], origin=origin)
    assert socket.receive()["type"] == "hello" if code is None else socket.code() == code


# Rooms


def test_outsiders_and_nonsense_look_the_same(dial, alice, mallory, room):
    names = [room, "x" * 24, "x", "", "x" * 200, "..", "%2e%2e", "a%2Fb", "%00", "raum-ä-ß", "غرفة", "%ff%fe", "room.1"]
    codes = {name: dial(name, token=mallory.tokens["access"]).code() for name in names}
    assert codes == dict.fromkeys(names, 4404)


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/chat", "/ws/chat/a/b/", "/ws/chats/x/", "/api/v1/", "/ws/ä/"])
def test_an_unknown_address_is_closed_not_refused(server, path):
    socket = ChatSocket(f"ws://127.0.0.1:{server.port}{quote(path)}")
    assert socket.code() == 4404
    socket.close()


def test_the_slash_at_the_end_is_not_needed(server, alice, room):
    socket = ChatSocket(f"ws://127.0.0.1:{server.port}/ws/chat/{room}?Authorization={alice.tokens['access']}")
    socket.next("ready")
    socket.close()


def test_a_former_member_is_refused(dial, alice, bob):
    room = group_of(alice, bob)
    end_membership(room_id=room_called(room).pk, user=bob.user, state=Membership.State.REMOVED)
    socket = dial(room, token=bob.tokens["access"])
    assert socket.code() == 4403
    assert socket.seen == []


# The greeting


def test_hello_and_ready(dial, alice, bob, room):
    said(bob, room, "one", "two")
    socket = dial(room, token=alice.tokens["access"])
    hello, ready = socket.receive(), socket.receive()
    assert hello.keys() == {"type", "at", "data"}
    data = hello["data"]
    assert data.keys() == {"epoch", "server_time", "heartbeat_seconds", "user", "session", "room", "limits"}
    assert data["heartbeat_seconds"] == HEARTBEAT
    assert data["user"] == {"id": str(alice.user.pk), "username": "alice", "display_name": "alice"}
    assert data["session"] == alice.session
    assert data["limits"] == Limits(heartbeat_seconds=HEARTBEAT, auth_seconds=AUTH_SECONDS).as_json()
    assert data["room"] == alice.client.room(room)
    assert (data["room"]["rev"], data["room"]["my"]["unread_count"]) == (2, 2)
    assert ready.keys() == {"type", "at", "data"}
    assert ready["data"] == {"rev": 2, "marks": 0, "complete": True}


def test_the_epoch_of_hello_is_that_of_changes(enter, alice, room, server):
    socket = enter(alice, room)
    with server.rest(alice) as client:
        changes = client.get(f"conversations/{room}/changes/?since=0").json()
    assert socket.seen[0]["data"]["epoch"] == changes["epoch"]


def test_a_socket_outlives_the_token_that_opened_it(enter, server, dial, alice, room):
    """A socket lives as long as its session (docs/sockets.md)."""
    session = Session.objects.get(pk=alice.session)
    # Servers forgive clocks that differ by some seconds, so this token is good for about two seconds more.
    age = timedelta(seconds=settings.ACCESS_TOKEN_SECONDS + LEEWAY_SECONDS - 2)
    session.rotated_at = timezone.now() - age
    token = pair_of(session).access
    socket = dial(room, token=token)
    socket.next("ready")
    time.sleep(2.2)
    assert dial(room, token=token).code() == 4401
    assert socket.send_message("still here")["data"]["text"] == "still here"


def test_two_sessions_of_one_user(enter, alice, room):
    tablet = another_device(alice)
    sockets = [enter(alice, room), enter(tablet, room)]
    assert [socket.seen[0]["data"]["session"] for socket in sockets] == [alice.session, tablet.session]
    sent = sockets[0].send_message("to myself")
    assert sockets[1].next("message.created")["data"] == sent["data"]


def test_the_frames_are_json_of_the_documented_envelope(enter, alice, room):
    socket = enter(alice, room)
    socket.send_message()
    socket.next("message.created", timeout=2) if not socket.of_type("message.created") else None
    for text in socket.texts:
        frame = json.loads(text)
        assert frame.keys() <= {"type", "room", "rev", "prev", "marks", "me", "at", "data", "ref", "error"}
        assert frame["at"].endswith("Z")


def test_people_without_a_session_row_are_refused(dial, room):
    eve = person("eve")
    tokens = logged_in(eve.user)
    Session.objects.filter(pk=tokens["session"]).delete()
    assert dial(room, token=tokens["access"]).code() == 4401
