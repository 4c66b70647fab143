"""Whatever the way does to events - swaps, repeats, losses - each socket ends where the database is (F2, F6, F7)."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatapi import json
from chatapi.realtime.event import Event
from chatapi.realtime.feed import Feed
from chatapi.realtime.hub import Hub
from chatapi.realtime.sources import sources
from tests.realtime.sockets import ROOM, TOPIC, Ear, ModelRoom, ModelTopics

NUMBERS = st.integers(min_value=0, max_value=1_000)


class ObedientHub(Hub):
    """A hub that repairs when it is told to, so that a test decides what comes between."""

    def __init__(self) -> None:
        super().__init__()
        self._repair.if_needed = lambda feed: None  # type: ignore[method-assign]

    @property
    def feed(self) -> Feed | None:
        return self._feeds.get(TOPIC)

    def repair(self, room: ModelRoom, limit: int) -> None:
        """What a pulse and a repair do."""
        feed = self.feed
        if feed is not None and feed.durable.started:
            feed.note_head(room.rev, room.marks)
            while feed.has_hole:
                before = numbers(feed)
                self._deliver(feed, feed.apply(room.missed(*before, limit)))
                assert numbers(feed) > before, "a repair that repairs nothing never ends"


def numbers(feed: Feed) -> tuple[int, int]:
    return feed.durable.number, feed.receipts.number


class Delivery(RuleBasedStateMachine):
    """One room, its writers, an unreliable way, and sockets that come and go at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.room = ModelRoom()
        sources.topics = ModelTopics(self.room)
        self.hub = ObedientHub()
        self.under_way: list[Event] = []
        self.joining: list[Ear] = []
        self.reading: list[Ear] = []
        self.live: list[Ear] = []

    # Writers

    @rule()
    def send(self) -> None:
        self.under_way.append(self.room.create())

    @precondition(lambda self: self.room.rows)
    @rule(which=NUMBERS)
    def edit(self, which: int) -> None:
        names = list(self.room.rows)
        self.under_way.append(self.room.change(names[which % len(names)]))

    @rule(user=st.sampled_from(["alice", "bob", "carol"]))
    def mark_read(self, user: str) -> None:
        self.under_way.append(self.room.receipt(user))

    # The way

    @precondition(lambda self: self.under_way)
    @rule(which=NUMBERS, repeat=st.booleans())
    def arrive(self, which: int, repeat: bool) -> None:
        place = which % len(self.under_way)
        self.hub.receive([self.under_way[place] if repeat else self.under_way.pop(place)])

    @precondition(lambda self: self.under_way)
    @rule()
    def arrive_together(self) -> None:
        events, self.under_way = self.under_way, []
        self.hub.receive(events)

    @precondition(lambda self: self.under_way)
    @rule(which=NUMBERS)
    def lose(self, which: int) -> None:
        self.under_way.pop(which % len(self.under_way))

    @rule(limit=st.sampled_from([1, 2, 1_000]))
    def repair(self, limit: int) -> None:
        self.hub.repair(self.room, limit)

    # Sockets

    @rule(floor=st.sampled_from([0, 0, 2, 5]))
    def join(self, floor: int) -> None:
        ear = Ear(floor=floor)
        self.hub.join(TOPIC, ROOM, ear)
        self.joining.append(ear)

    @precondition(lambda self: self.joining)
    @rule(which=NUMBERS)
    def read_snapshot(self, which: int) -> None:
        ear = self.joining.pop(which % len(self.joining))
        ear.snapshot(self.room)
        self.reading.append(ear)

    @precondition(lambda self: self.reading)
    @rule(which=NUMBERS)
    def go_live(self, which: int) -> None:
        ear = self.reading.pop(which % len(self.reading))
        self.hub.go_live(TOPIC, ear, ear.rev, ear.marks)
        self.live.append(ear)

    @precondition(lambda self: self.live or self.joining)
    @rule(which=NUMBERS)
    def leave(self, which: int) -> None:
        everyone = self.live or self.joining
        self.hub.leave(TOPIC, everyone.pop(which % len(everyone)))

    # What has to hold

    @invariant()
    def a_topic_without_sockets_is_forgotten(self) -> None:
        assert (self.hub.feed is None) == (not (self.live or self.joining or self.reading))

    @invariant()
    def heartbeats_never_promise_what_was_not_sent(self) -> None:
        feed = self.hub.feed
        for ear in self.live:
            assert feed is not None
            rev, marks = numbers(feed)
            assert ear.rev >= rev
            assert ear.marks >= marks

    def teardown(self) -> None:
        """Once everything is repaired, each socket knows what a fresh look at the database shows."""
        for ear in self.joining:
            ear.snapshot(self.room)
        for ear in [*self.joining, *self.reading]:
            self.hub.go_live(TOPIC, ear, ear.rev, ear.marks)
            self.live.append(ear)
        self.hub.repair(self.room, 1_000)
        for ear in self.live:
            fresh = Ear(floor=ear.floor)
            fresh.snapshot(self.room)
            assert (ear.rev, ear.rows, ear.read) == (self.room.rev, fresh.rows, fresh.read)


@pytest.fixture(autouse=True)
def own_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "topics", sources.topics)


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def durable(rev: int, **values: Any) -> Event:
    return Event(
        TOPIC,
        json.dumps({"type": "row", "name": f"row {rev}", "rev": rev, "prev": rev - 1, "seq": 0}),
        rev=rev,
        prev=rev - 1,
        **values,
    )


def started(rev: int = 0, marks: int = 0) -> Feed:
    feed = Feed(TOPIC, ROOM)
    feed.begin(rev, marks)
    return feed


def test_swapped_events_wait_for_each_other():
    feed = started()
    one, two, three = durable(1), durable(2), durable(3)
    assert feed.offer(three) == []
    assert feed.offer(two) == []
    assert feed.has_hole
    assert feed.offer(one) == [one, two, three]
    assert not feed.has_hole


def test_a_repeat_is_not_delivered_again():
    feed = started()
    assert feed.offer(durable(1)) == [durable(1)]
    assert feed.offer(durable(1)) == []


def test_receipts_have_an_order_of_their_own():
    feed = started()
    two, one = Event(TOPIC, "b", marks=2), Event(TOPIC, "a", marks=1)
    assert feed.offer(two) == []
    assert feed.offer(durable(1)) == [durable(1)]
    assert feed.offer(one) == [one, two]


def test_nothing_is_due_before_somebody_has_read_the_head():
    feed = Feed(TOPIC, ROOM)
    assert feed.offer(durable(7)) == []
    assert feed.begin(6, 0) == [durable(7)]


def test_passing_events_do_not_wait_for_a_hole():
    feed = started()
    feed.offer(durable(2))
    typing = Event(TOPIC, "typing")
    assert feed.offer(typing) == [typing]


@pytest.fixture
def hub():
    sources.topics = ModelTopics(ModelRoom())
    return ObedientHub()


def listening(hub, **values: Any) -> Ear:
    ear = Ear(**values, rev=0, marks=0)
    hub.join(TOPIC, ROOM, ear)
    hub.go_live(TOPIC, ear, 0, 0)
    return ear


def test_nobody_is_told_that_they_are_typing(hub):
    alice, bob = listening(hub, user="alice"), listening(hub, user="bob")
    hub.receive([Event(TOPIC, '{"type":"typing"}', but_user="alice")])
    assert (alice.passing, bob.passing) == ([], ["typing"])


def test_who_leaves_gets_the_frame_and_nothing_after_it(hub):
    """S45: the member frame is the fence, also when later events arrive before it."""
    alice, phone, tablet = listening(hub, user="alice"), listening(hub, user="bob"), listening(hub, user="bob")
    hub.receive([durable(3), durable(2, leaves="bob"), durable(1)])
    assert [ear.rev for ear in (alice, phone, tablet)] == [3, 2, 2]
    assert [ear.code for ear in (alice, phone, tablet)] == [0, 4403, 4403]


def test_who_leaves_while_joining_is_closed_too(hub):
    listening(hub, user="alice")
    bob = Ear(user="bob")
    hub.join(TOPIC, ROOM, bob)
    hub.receive([durable(1, leaves="bob")])
    assert bob.code == 4403


def test_a_socket_with_a_floor_gets_a_skip_for_what_it_may_not_see(hub):
    bob = listening(hub, floor=3)
    hub.receive([durable(1, seq=2), durable(2, seq=3)])
    assert [frame["type"] for frame in bob.frames] == ["skip", "row"]


def test_a_frame_is_made_once_for_everybody(hub):
    ears = [listening(hub), listening(hub, user="alice")]
    frames = []
    for ear in ears:
        ear.push = frames.append
    hub.receive([durable(1)])
    assert frames[0] is frames[1]


def test_the_oldest_socket_of_its_kind_gives_way(hub):
    sockets = [Ear() for _ in range(3)]
    inbox = Ear(kind="inbox")
    for ear in (sockets[0], inbox, *sockets[1:]):
        hub.enter(ear, 2)
    assert [ear.code for ear in (*sockets, inbox)] == [4409, 0, 0, 0]


def test_ending_a_session_closes_its_sockets_only(hub):
    phone, tablet = Ear(), Ear(session="bob's tablet")
    hub.enter(phone, 9)
    hub.enter(tablet, 9)
    hub.receive([Event("session.bob's phone", close=4401)])
    assert (phone.code, tablet.code) == (4401, 0)


def test_an_event_survives_the_way():
    event = durable(3, seq=4, leaves="bob", but_user="alice", marks=5, close=4401)
    assert Event(*json.loads(json.dumps({"packed": tuple(event)}))["packed"]) == event
