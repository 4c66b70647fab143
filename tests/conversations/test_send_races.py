"""Many sends at once: nothing lost, nothing doubled, nothing after the end (F29, F33, S56, I1-I7)."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from accounts.counters import next_me
from chatapi.realtime.bus import Bus
from chatapi.transactions import write_transaction
from conversations.actions.messages import Draft, Sent, send_message, send_messages
from conversations.actions.rooms import change_own_settings, change_room, end_membership
from conversations.catchup import Since, changes_json
from conversations.errors import NotAMember
from conversations.locks import lock_heads
from conversations.models import Membership, Message, RoomHead
from tests.conversations.conftest import frames
from tests.people import group_of, in_parallel, membership_of, people, person, room_between, room_called, said

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Starts the calls in threads, each a moment after the one before."""

    def closing(call):
        try:
            return call()
        finally:
            connections.close_all()

    pool = ThreadPoolExecutor(len(calls))
    futures = []
    for call in calls:
        futures.append(pool.submit(closing, call))
        time.sleep(0.15)
    pool.shutdown(wait=False)
    return futures


def test_twenty_repeats_at_once_are_one_message(alice, bob, room, published):
    """I3: all get the same id and seq, one of them 201."""
    body = {"client_id": str(uuid.uuid4()), "text": "hello"}
    answers = in_parallel(20, lambda _: alice.client.send(room, **body))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({(answer.json()["id"], answer.json()["seq"], answer.json()["rev"]) for answer in answers}) == 1
    assert (Message.objects.count(), RoomHead.objects.get().seq) == (1, 1)
    assert len(frames(published, room)) == 1


def test_two_bodies_under_one_client_id_at_once(alice, room):
    client_id = str(uuid.uuid4())
    answers = in_parallel(20, lambda n: alice.client.send(room, f"{n % 2}", client_id=client_id))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] * 9 + [201] + [409] * 10
    assert Message.objects.count() == 1


def test_senders_at_once_leave_no_hole(alice, bob, room, published):
    """I1, I4: every answered message is there once, at the place it was told."""
    answers = in_parallel(40, lambda n: (alice, bob)[n % 2].client.send(room, f"{n}"))
    told = {answer.json()["seq"]: answer.json() for answer in answers}
    assert sorted(told) == list(range(1, 41))
    assert {message["seq"]: message for message in alice.client.messages(room, "?limit=200")} == told
    revs = sorted((frame["rev"], frame["prev"]) for frame in frames(published, room))
    assert revs == [(n, n - 1) for n in range(1, 41)]


def test_a_polling_reader_misses_nothing(alice, bob, room):
    """F33: six writers, 300 messages, and a cursor over `rev` that is asked all the time."""
    room_id, reader = room_called(room).pk, membership_of(bob, room)
    seen: list[int] = []

    def write(number):
        for n in range(50):
            send_message(draft=Draft(room_id=room_id, sender=alice.user, text=f"{number}.{n}"))

    def read(writers):
        last, over = 0, False
        while not over:
            over = all(writer.done() for writer in writers)
            answer = changes_json(reader, Since(last, 0))
            for frame in answer["changes"]:
                assert frame["prev"] == last
                last = frame["rev"]
                seen.append(frame["data"]["seq"])
            assert answer["rev"] == last
            time.sleep(0.001)  # the writers want the interpreter, too

    def closing(call, argument):
        try:
            call(argument)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(7) as pool:
        writers = [pool.submit(closing, write, number) for number in range(6)]
        reading = pool.submit(closing, read, writers)
        for future in [*writers, reading]:
            future.result(timeout=50)
    assert seen == list(range(1, 301))


def test_a_writers_own_order_is_kept(alice, bob, room):
    """I6."""
    room_id = room_called(room).pk

    def write(number):
        someone = (alice, bob)[number % 2]
        return [
            send_message(draft=Draft(room_id=room_id, sender=someone.user, text="x")).message.seq for _ in range(10)
        ]

    for seqs in in_parallel(8, write):
        assert seqs == sorted(seqs)


def test_batches_that_cross_do_not_deadlock(alice, bob, carol):
    """Rooms are locked in order of their ids, whatever order the drafts are in; also when all of them are new."""
    rooms = [room_called(room_between(alice, other)) for other in [bob, carol, *people(4)]]

    def write(number):
        order = rooms if number % 2 else rooms[::-1]
        drafts = [Draft(room_id=room.pk, sender=alice.user, text=f"{number}") for room in order]
        return [outcome.created for outcome in send_messages(drafts=drafts)]

    assert in_parallel(24, write, threads=8) == [[True] * 6] * 24
    assert set(RoomHead.objects.values_list("seq", flat=True)) == {24}


def test_first_messages_that_cross_do_not_deadlock(alice, bob, carol):
    """The same people are newcomers in the rooms of several batches."""
    group_rounds = [[group_of(alice, bob, carol) for _ in range(3)] for _ in range(8)]
    Membership.objects.update(joined_me=0)

    def write(number):
        order = [room_called(name).pk for name in group_rounds[number]][:: 1 if number % 2 else -1]
        return len(send_messages(drafts=[Draft(room_id=pk, sender=alice.user, text="x") for pk in order]))

    assert in_parallel(8, write, threads=8) == [3] * 8
    assert not Membership.objects.filter(joined_me=0).exists()
    assert alice.me == bob.me == carol.me


def test_a_first_message_meets_a_change_of_settings(alice, bob, room):
    """Both touch Bob's membership and Bob's counter: memberships first, counters after, or they would deadlock."""
    membership = membership_of(bob, room)
    with write_transaction():
        next_me([bob.user.pk])  # holds both of them up where they take their number
        sending, changing = at_once(
            lambda: said(alice, room, "hello"),
            lambda: change_own_settings(membership=membership, changes={"archived": True}),
        )
    sending.result(timeout=10)
    changing.result(timeout=10)
    stored = membership_of(bob, room)
    assert (stored.archived, stored.joined_me > 0, bob.me) == (True, True, 3)


def test_two_changes_of_the_shared_part_at_once(alice, bob, room, published):
    """I17: the later frame shows both changes."""
    with write_transaction():
        lock_heads([room_called(room).pk])
        changes = at_once(
            lambda: change_room(membership=membership_of(alice, room), changes={"extra": {"a": 1}}),
            lambda: change_room(membership=membership_of(bob, room), changes={"disappearing_seconds": 60}),
        )
    for change in changes:
        change.result(timeout=10)
    last = max(frames(published, room), key=lambda frame: frame["rev"])
    assert (last["rev"], last["data"]["extra"], last["data"]["disappearing_seconds"]) == (2, {"a": 1}, 60)


def test_nothing_of_the_removed_comes_after_the_removal(alice, bob):
    """S56: check and act under one lock, over and over."""
    for _ in range(20):
        room = room_called(group_of(alice, bob))

        def act(number, room=room):
            if number == 0:
                end_membership(room_id=room.pk, user=bob.user, state=Membership.State.REMOVED)
                return []
            outcomes = []
            for n in range(4):
                drafts = [Draft(room_id=room.pk, sender=bob.user, text=f"{number}.{n}")]
                outcomes += send_messages(drafts=drafts)
            return outcomes

        outcomes = [outcome for result in in_parallel(4, act, threads=4) for outcome in result]
        left = Membership.objects.get(room=room, user=bob.user).left_rev
        stored = set(Message.objects.filter(room=room).values_list("pk", "rev"))
        assert all(rev < left for _, rev in stored)
        sent = {(o.message.pk, o.message.rev) for o in outcomes if isinstance(o, Sent)}
        assert sent == stored
        assert all(isinstance(o, Sent | NotAMember) for o in outcomes)
        assert RoomHead.objects.get(room=room).seq == len(stored)


def test_a_rolled_back_send_leaves_no_hole_in_the_numbers(alice, room, published):
    """I2, I4: a transaction that fails at its end takes its numbers back, and nobody hears of it."""
    published.clear()
    with write_transaction():
        said(alice, room, "never")
        transaction.set_rollback(True)
    assert frames(published, room) == []
    (message,) = said(alice, room, "after")
    assert (message.seq, message.rev) == (1, 1)
    (frame,) = frames(published, room)
    assert json.dumps(frame).count("never") == 0


def test_an_event_is_sent_only_when_its_row_can_be_read(alice, room, monkeypatch):
    """F37: whoever is told can look at once."""
    visible = []

    def look(_, events):
        with ThreadPoolExecutor(1) as pool:
            visible.append(pool.submit(_count).result())

    monkeypatch.setattr(Bus, "send", look)
    person("dora")
    said(alice, room, "hello")
    assert set(visible) == {1}


def _count():
    try:
        return Message.objects.count()
    finally:
        connections.close_all()
