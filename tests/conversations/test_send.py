"""Sending a message over REST."""

import json
import uuid

import pytest
from django.db import transaction

from chatapi import ids, times
from chatapi.errors import InvalidInput, NotFound
from conversations.actions.messages import Draft, Sent, send_messages
from conversations.actions.rooms import end_membership
from conversations.errors import ClientIdReused, NotAMember
from conversations.models import Membership, Message, RoomHead
from tests.conversations.conftest import bells, frames, queries
from tests.people import (
    group_of,
    membership_of,
    ok,
    refusal,
    room_between,
    room_called,
    said,
    without_request_id,
)

pytestmark = pytest.mark.django_db


def test_alice_says_hello(alice, bob, room, published):
    client_id = str(uuid.uuid4())
    answer = alice.client.send(room, "hello", client_id=client_id)
    assert answer.status_code == 201
    message = answer.json()
    assert (message["room_name"], message["client_id"], message["text"]) == (room, client_id, "hello")
    assert (message["seq"], message["rev"], message["kind"]) == (1, 1, "text")
    assert message["sender"] == alice.user.short()
    (frame,) = frames(published, room)
    assert (frame["type"], frame["room"], frame["rev"], frame["prev"]) == ("message.created", room, 1, 0)
    assert frame["data"] | {"mine": message["mine"]} == message
    assert "mine" not in frame["data"]  # nothing in a shared frame depends on who looks
    assert (bells(published, alice), bells(published, bob)) == ([1], [1])  # opened it; it came into the list


def test_what_was_answered_can_be_read_at_once(alice, bob, room):
    """I7: read your writes, in every place that shows a message."""
    message = ok(alice.client.send(room, "hello"))
    for someone in (alice, bob):
        assert someone.client.messages(room) == [message]
        assert ok(someone.client.get(f"conversations/{room}/messages/{message['id']}/")) == message
        assert someone.client.room(room)["last_message"] == message
        assert someone.client.rooms()[0]["last_message"] == message
        (change,) = someone.client.changes(room)["changes"]
        assert change["data"] == message
        assert someone.client.sync()["rooms"][room]["room"]["last_message"] == message


def test_a_hundred_queued_messages_pass_at_once(alice, room):
    assert {alice.client.send(room, f"{n}").status_code for n in range(100)} == {201}


def test_sends_are_counted_per_user_over_all_rooms(alice, bob, carol, room, settings):
    settings.RATES = settings.RATES | {"send": "3/minute"}
    other = room_between(alice, carol)
    left = [alice.client.send(name, "x").headers["RateLimit"] for name in (room, other, room)]
    assert [text.partition('"send";r=')[2][0] for text in left] == ["2", "1", "0"]
    refused = alice.client.send(other, "x")
    assert refusal(refused) == (429, "rate_limited")
    assert 0 < refused.json()["retry_after_ms"] <= 60_000
    assert ok(bob.client.send(room, "x"))["seq"] == 3
    assert alice.client.get(f"conversations/{room}/").status_code == 200


def test_without_a_client_id_one_is_given(alice, room):
    one, other = ok(alice.client.send(room, "hello")), ok(alice.client.send(room, "hello"))
    assert one["client_id"] != other["client_id"]
    assert (one["seq"], other["seq"]) == (1, 2)


def test_messages_are_numbered_from_one_without_holes(alice, bob, room):
    """I4."""
    for n in range(6):
        ok((alice, bob)[n % 2].client.send(room, f"{n}"))
    assert [(message["seq"], message["rev"]) for message in alice.client.messages(room, "?after=0")] == [
        (n, n) for n in range(1, 7)
    ]


# Repeats


def test_a_repeat_gets_the_message_it_made(alice, room, published):
    """F29, I3."""
    body = {"client_id": str(uuid.uuid4()), "text": "hello", "extra": {"a": 1, "b": [2]}}
    first = alice.client.send(room, **body)
    repeats = [alice.client.send(room, **body) for _ in range(3)]
    assert [answer.status_code for answer in (first, *repeats)] == [201, 200, 200, 200]
    assert all(answer.json() == first.json() for answer in repeats)
    assert len(frames(published, room)) == 1
    assert Message.objects.count() == 1


def test_the_same_body_may_be_written_differently(alice, room):
    client_id = uuid.uuid4()
    ok(alice.client.send(room, "hello", client_id=str(client_id), extra={"a": 1, "b": 2}))
    raw = f'{{"extra": {{"b": 2, "a": 1}}, "client_id": "{client_id.hex}", "reply_to": null, "text": "h\\u0065llo"}}'
    assert alice.client.raw("POST", f"conversations/{room}/messages/", raw).status_code == 200


@pytest.mark.parametrize("other", [{"text": "hello!"}, {"extra": {"a": 1}}, {"reply": True}])
def test_another_body_under_the_same_client_id_is_a_conflict(alice, room, other, published):
    (quoted,) = said(alice, room, "quoted")
    body = {"client_id": str(uuid.uuid4()), "text": "hello"}
    ok(alice.client.send(room, **body))
    if other.pop("reply", False):
        other = {"reply_to": str(quoted.pk)}
    assert refusal(alice.client.send(room, **(body | other))) == (409, "client_id_reused")
    assert alice.client.send(room, **body).status_code == 200
    assert len(frames(published, room)) == 2


def test_a_client_id_belongs_to_its_sender_and_room(alice, bob, carol, room):
    """Not even the existence of another's id shows."""
    other_room = room_between(alice, carol)
    body = {"client_id": str(uuid.uuid4()), "text": "hello"}
    answers = [alice.client.send(room, **body), bob.client.send(room, **body), alice.client.send(other_room, **body)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]


def test_a_repeat_shows_the_message_as_it_is_now(alice, room):
    body = {"client_id": str(uuid.uuid4()), "text": "hello"}
    ok(alice.client.send(room, **body))
    Message.objects.update(deleted_at=times.now(), text="")
    answer = alice.client.send(room, **body)
    assert (answer.status_code, answer.json()["text"]) == (200, "")
    assert answer.json()["deleted_at"] is not None


# Replies


def test_bob_answers_alice(alice, bob, room):
    (question,) = said(alice, room, "how are you?")
    answer = ok(bob.client.send(room, "fine", reply_to=str(question.pk)))
    assert answer["reply_to"] == {
        "id": str(question.pk),
        "seq": 1,
        "sender": alice.user.short(),
        "text": "how are you?",
        "kind": "text",
    }
    assert ok(bob.client.send(room, "me too", reply_to=None))["reply_to"] is None


def test_a_quote_goes_blank_with_its_message(alice, bob, room):
    (question,) = said(alice, room, "a secret")
    ok(bob.client.send(room, "oh", reply_to=str(question.pk)))
    Message.objects.filter(pk=question.pk).update(deleted_at=times.now())
    assert alice.client.messages(room)[0]["reply_to"]["text"] == ""


def test_what_cannot_be_answered_looks_alike(alice, bob, carol, mallory, room):
    """S43: a message that does not exist, one of another's room, one of another room of one's own."""
    (foreign,) = said(mallory, room_between(mallory, carol), "ours")
    (own,) = said(alice, room_between(alice, carol), "mine")
    answers = [alice.client.send(room, reply_to=str(target)) for target in (uuid.uuid4(), foreign.pk, own.pk)]
    assert [refusal(answer) for answer in answers] == [(400, "invalid_input")] * 3
    assert len({json.dumps(without_request_id(answer)) for answer in answers}) == 1
    assert answers[0].json()["errors"][0]["field"] == "reply_to"
    assert not Message.objects.filter(room__name=room).exists()


def test_what_was_cleared_cannot_be_answered(alice, bob, room):
    (old,) = said(alice, room, "old")
    ok(bob.client.delete(f"conversations/{room}/"))
    assert refusal(bob.client.send(room, reply_to=str(old.pk))) == (400, "invalid_input")
    ok(alice.client.send(room, reply_to=str(old.pk)))


# Who may


def test_the_outsider_meets_the_same_as_for_a_room_that_does_not_exist(mallory, room, published):
    """S42, S44: the name alone opens nothing, valid body or not."""
    published.clear()
    for body in ({"text": "let me in"}, {"text": ""}, {"client_id": "x"}):
        answer = mallory.client.post(f"conversations/{room}/messages/", body)
        absent = mallory.client.post(f"conversations/{ids.room_name()}/messages/", body)
        assert refusal(answer) == refusal(absent) == (404, "not_found")
        assert without_request_id(answer) == without_request_id(absent)
    assert published.events == []


def test_after_leaving_nothing_new_but_every_repeat(alice, bob, carol):
    """S45, S56: 403 for a new message; a repeat of an old one still gets it."""
    group = group_of(alice, bob, carol)
    body = {"client_id": str(uuid.uuid4()), "text": "last words"}
    first = ok(bob.client.send(group, **body))
    end_membership(room_id=room_called(group).pk, user=bob.user, state=Membership.State.REMOVED)
    assert refusal(bob.client.send(group, "and another thing")) == (403, "not_a_member")
    repeat = bob.client.send(group, **body)
    assert (repeat.status_code, repeat.json()) == (200, first)
    assert refusal(bob.client.send(group, "other", client_id=body["client_id"])) == (409, "client_id_reused")
    assert Message.objects.count() == 1


# Several at once


def drafts_of(someone, room_name, *texts, **more):
    room_id = room_called(room_name).pk
    return [Draft(room_id=room_id, sender=someone.user, text=text, **more) for text in texts]


def test_a_batch_keeps_its_order(alice, bob, room):
    """I6: also across senders and rooms."""
    notes = room_between(alice, alice)
    drafts = [
        *drafts_of(alice, room, "a", "b"),
        *drafts_of(alice, notes, "c"),
        *drafts_of(bob, room, "d"),
        *drafts_of(alice, room, "e"),
    ]
    outcomes = send_messages(drafts=drafts)
    assert [(outcome.message.text, outcome.message.seq) for outcome in outcomes] == [
        ("a", 1),
        ("b", 2),
        ("c", 1),
        ("d", 3),
        ("e", 4),
    ]
    assert RoomHead.objects.get(room__name=room).last_message_id == outcomes[4].message.pk


def test_a_bad_draft_harms_no_other(alice, bob, mallory, room, published):
    group = group_of(alice, bob)
    end_membership(room_id=room_called(group).pk, user=bob.user, state=Membership.State.LEFT)
    used = drafts_of(alice, room, "used")[0]
    send_messages(drafts=[used])
    published.clear()
    outcomes = send_messages(
        drafts=[
            *drafts_of(alice, room, "one"),
            *drafts_of(mallory, room, "let me in"),
            *drafts_of(alice, room, "two"),
            *drafts_of(bob, group, "I left"),
            *drafts_of(alice, room, "reply to nothing", reply_to=uuid.uuid4()),
            *drafts_of(alice, room, "another body", client_id=used.client_id),
            Draft(room_id=uuid.uuid4(), sender=alice.user, text="no such room"),
            used,
            *drafts_of(alice, room, "three"),
        ]
    )
    assert [type(outcome) for outcome in outcomes] == [
        Sent,
        NotFound,
        Sent,
        NotAMember,
        InvalidInput,
        ClientIdReused,
        NotFound,
        Sent,
        Sent,
    ]
    assert [frame["data"]["text"] for frame in frames(published, room)] == ["one", "two", "three"]
    assert [message["seq"] for message in alice.client.messages(room, "?after=0")] == [1, 2, 3, 4]


def test_a_draft_twice_in_a_batch_is_one_message(alice, room):
    (draft,) = drafts_of(alice, room, "hello")
    other = drafts_of(alice, room, "other", client_id=draft.client_id)[0]
    first, repeat, conflict = send_messages(drafts=[draft, draft, other])
    assert (first.created, repeat.created, type(conflict)) == (True, False, ClientIdReused)
    assert first.message.pk == repeat.message.pk


def test_nothing_to_send(db):
    assert send_messages(drafts=[]) == []


def test_what_is_rolled_back_is_told_to_nobody(alice, bob, room, published):
    """F37: an event leaves after the commit or never."""
    published.clear()
    with transaction.atomic():
        said(alice, room, "never")
        transaction.set_rollback(True)
    assert published.events == []
    assert not Message.objects.exists()
    assert ok(alice.client.send(room, "after"))["seq"] == 1


def test_a_send_takes_the_same_few_queries_however_long_the_history(alice, bob, room):
    said(alice, room, "first")
    few = queries(lambda: alice.client.send(room))
    said(bob, room, *(f"{n}" for n in range(300)))
    assert queries(lambda: alice.client.send(room)) == few <= 11


def test_a_batch_takes_the_same_queries_as_one(alice, room):
    said(alice, room, "first")
    one = queries(lambda: said(alice, room, "one"))
    assert queries(lambda: said(alice, room, *(f"{n}" for n in range(20)))) == one


def test_a_send_moves_no_read_mark(alice, bob, room):
    said(bob, room, "one", "two")
    ok(alice.client.send(room, "three"))
    assert membership_of(alice, room).last_read_seq == 0
    assert alice.client.room(room)["my"]["unread_count"] == 2


def test_activity_moves_with_a_message(alice, bob, carol, room):
    other = room_between(alice, carol)
    said(alice, room, "x")
    assert [entry["room_name"] for entry in alice.client.rooms()] == [room, other]
    said(alice, other, "y")
    assert [entry["room_name"] for entry in alice.client.rooms()] == [other, room]
