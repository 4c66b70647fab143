"""Sending over a socket: acknowledged after the commit, once, in order, told to everybody (docs/sockets.md)."""

import json
import uuid

import pytest

from chatapi.limits import limits
from conversations.models import Message
from tests.people import another_device, in_parallel, room_between, room_called, said


@pytest.fixture
def room(alice, bob):
    return room_between(alice, bob)


def test_a_message_reaches_everybody_as_the_same_text(enter, alice, bob, room):
    phone, tablet, bobs = enter(alice, room), enter(another_device(alice), room), enter(bob, room)
    client_id = str(uuid.uuid4())
    ack = phone.send_message("hello", client_id=client_id, extra={"colour": "blue"})
    sockets = [phone, tablet, bobs]
    for socket in sockets:
        if not socket.of_type("message.created"):
            socket.next("message.created")
    created = [socket.of_type("message.created")[0] for socket in sockets]
    texts = {text for socket in sockets for text in socket.texts if '"message.created"' in text}
    assert len(texts) == 1
    assert created[0].keys() == {"type", "room", "rev", "prev", "at", "data"}
    assert (created[0]["room"], created[0]["rev"], created[0]["prev"]) == (room, 1, 0)
    assert ack.keys() == {"type", "ref", "room", "rev", "at", "data"}
    assert (ack["ref"], ack["room"], ack["rev"], ack["data"]) == ("sent", room, 1, created[0]["data"])
    message = ack["data"]
    assert (message["text"], message["client_id"], message["seq"]) == ("hello", client_id, 1)
    assert message["extra"] == {"colour": "blue"}
    assert "mine" not in message


def test_an_ack_means_committed(enter, alice, room):
    """Looked at from another process the moment it arrives."""
    socket = enter(alice, room)
    for number in range(30):
        sent = socket.send_message(str(number))["data"]
        assert Message.objects.filter(pk=sent["id"], text=str(number)).exists()


def test_a_hundred_queued_messages_keep_their_order(enter, alice, bob, room):
    """I6; and an app that was offline may flush its queue without being slowed down."""
    mine, theirs = enter(alice, room), enter(bob, room)
    for number in range(100):
        mine.say("message.send", f"r{number}", text=str(number))
    acks = [mine.next("ack", "error", timeout=15) for _ in range(100)]
    assert [ack.get("ref") for ack in acks] == [f"r{number}" for number in range(100)]
    assert [ack["data"]["seq"] for ack in acks] == list(range(1, 101))
    created = [theirs.next("message.created", timeout=15) for _ in range(100)]
    assert [frame["data"]["text"] for frame in created] == [str(number) for number in range(100)]
    assert [(frame["rev"], frame["prev"]) for frame in created] == [(n + 1, n) for n in range(100)]


def test_the_published_plain_form(enter, alice, bob, room):
    mine, theirs = enter(alice, room), enter(bob, room)
    ignored = {"sender": "mallory", "recipient": "nobody", "timestamp": "yesterday"}
    mine.raw(json.dumps({"message": "hello"} | ignored))
    ack = mine.answer(ref=None)
    assert (ack["type"], ack["data"]["text"], ack["data"]["sender"]["username"]) == ("ack", "hello", "alice")
    assert theirs.next("message.created")["data"] == ack["data"]


def test_over_rest_it_arrives_the_same_way(enter, server, alice, bob, room):
    theirs = enter(bob, room)
    with server.rest(alice) as client:
        answer = client.post(f"conversations/{room}/messages/", json={"text": "over REST"})
    assert answer.status_code == 201
    created = theirs.next("message.created")["data"]
    assert created == {name: value for name, value in answer.json().items() if name != "mine"}


def test_a_repeat_is_answered_with_the_message(enter, alice, bob, room):
    phone, tablet, theirs = enter(alice, room), enter(another_device(alice), room), enter(bob, room)
    client_id = str(uuid.uuid4())
    sent = phone.send_message("once", client_id=client_id)
    again = tablet.send_message("once", ref="again", client_id=client_id)
    assert (again["ref"], again["rev"], again["data"]) == ("again", sent["rev"], sent["data"])
    theirs.send_message("afterwards")
    assert [frame["data"]["text"] for frame in theirs.of_type("message.created")] in (["once"], ["once", "afterwards"])


def test_twenty_repeats_at_once_over_both_ways(enter, server, alice, room):
    """N9: exactly one message, and everybody is told which."""
    client_id = str(uuid.uuid4())
    sockets = [enter(alice, room) for _ in range(10)]

    def send(number: int) -> tuple[str, str]:
        if number % 2:
            with server.rest(alice) as client:
                answer = client.post(f"conversations/{room}/messages/", json={"text": "once", "client_id": client_id})
            return str(answer.status_code), answer.json()["id"]
        ack = sockets[number // 2].send_message("once", client_id=client_id)
        return "ack", ack["data"]["id"]

    answers = in_parallel(20, send)
    assert len({message_id for _, message_id in answers}) == 1
    assert [kind for kind, _ in answers].count("201") <= 1
    assert Message.objects.filter(client_id=client_id).count() == 1


def test_the_same_client_id_with_another_body_is_refused(enter, alice, bob, room):
    mine, theirs = enter(alice, room), enter(bob, room)
    client_id = str(uuid.uuid4())
    mine.send_message("one", client_id=client_id)
    error = mine.ask("message.send", text="other", client_id=client_id)
    assert (error["type"], error["error"]["status"], error["error"]["code"]) == ("error", 409, "client_id_reused")
    theirs.send_message("one", client_id=client_id)  # unique per sender, so this is another message
    assert Message.objects.filter(client_id=client_id).count() == 2


def test_an_answer_quotes(enter, alice, bob, room):
    (first,) = said(bob, room, "What time?")
    ack = enter(alice, room).send_message("Noon", reply_to=str(first.pk))
    assert ack["data"]["reply_to"]["text"] == "What time?"


def test_a_quote_from_another_room_is_refused(enter, alice, carol, room):
    elsewhere = room_between(alice, carol)
    (secret,) = said(carol, elsewhere, "secret")
    error = enter(alice, room).ask("message.send", text="look", reply_to=str(secret.pk))["error"]
    assert error["errors"][0]["field"] == "reply_to"


def test_the_longest_text_passes_and_one_more_does_not(enter, alice, room):
    socket = enter(alice, room)
    longest = "ü" * limits().text_characters
    assert socket.send_message(longest)["data"]["text"] == longest
    error = socket.ask("message.send", text=longest + "x")["error"]
    assert (error["code"], error["errors"][0]["field"]) == ("invalid_input", "text")


TEXTS = ["👩‍👩‍👧‍👦", "مرحبا", "  spaces  ", "line\nbreak\ttab", "</script><b>", '"quoted"\\', "\u202etfel", "\ufffd"]


def test_texts_come_back_as_they_were_sent(enter, alice, bob, room):
    mine, theirs = enter(alice, room), enter(bob, room)
    for text in TEXTS:
        mine.send_message(text)
    assert [theirs.next("message.created")["data"]["text"] for _ in TEXTS] == TEXTS


def test_a_message_stays_in_its_room(enter, alice, bob, carol, room):
    """I13."""
    elsewhere = room_between(alice, carol)
    other = enter(carol, elsewhere)
    enter(alice, room).send_message("for bob")
    enter(alice, elsewhere).send_message("for carol")
    assert other.next("message.created")["data"]["text"] == "for carol"
    assert len(other.of_type("message.created")) == 1


def test_a_frame_may_name_its_room_but_no_other(enter, alice, carol, room):
    elsewhere = room_between(alice, carol)
    socket = enter(alice, room)
    socket.raw(json.dumps({"type": "message.send", "ref": "own", "room": room, "data": {"text": "here"}}))
    assert socket.answer("own")["type"] == "ack"
    socket.raw(json.dumps({"type": "message.send", "ref": "other", "room": elsewhere, "data": {"text": "there"}}))
    assert socket.answer("other")["type"] == "error"
    assert not Message.objects.filter(room=room_called(elsewhere)).exists()


def test_ping_answers_with_the_time(enter, alice, room):
    ack = enter(alice, room).ask("ping")
    assert (ack["type"], ack["ref"]) == ("ack", "asked")
    assert ack["data"].keys() == {"server_time"}
