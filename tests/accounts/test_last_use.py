"""When a session was last used: written at once, or gathered where sockets are served."""

import datetime as dt

import pytest

from accounts import last_use
from accounts.models import Session
from chatapi import times
from tests.people import another_device

pytestmark = pytest.mark.django_db


class Loop:
    """An event loop that waits for nothing, and remembers what it was asked."""

    def __init__(self, *, closed=False):
        self.closed = closed
        self.asked = []

    def is_closed(self):
        return self.closed

    def call_later(self, *given):
        raise AssertionError("only on the loop's own thread")

    def call_soon_threadsafe(self, *given):
        self.asked.append(given)


@pytest.fixture
def gathered(monkeypatch):
    """The loop that uses are gathered on; what is left of them is forgotten afterwards."""
    loop = Loop()
    monkeypatch.setattr(last_use, "_loop", loop)
    monkeypatch.setattr(last_use, "_waiting", {})
    return loop


def last_used(person):
    return Session.objects.get(pk=person.session).last_used_at


def test_uses_are_gathered_for_one_statement(alice, bob, gathered, django_assert_num_queries):
    one, other = Session.objects.get(pk=alice.session), Session.objects.get(pk=another_device(bob).session)
    moment = times.now() + dt.timedelta(hours=1)
    with django_assert_num_queries(0):
        last_use.note_use(one.pk, moment)
        last_use.note_use(other.pk, moment)
    assert len(gathered.asked) == 1
    with django_assert_num_queries(1):
        last_use.write()
    for session in (one, other):
        session.refresh_from_db()
        assert session.last_used_at == moment
    with django_assert_num_queries(0):
        last_use.write()
    last_use.note_use(one.pk, moment)
    assert len(gathered.asked) == 2


def test_another_loop_begins_anew(alice, gathered):
    """What waited for a loop that has ended must not keep later uses from being written."""
    session_id = Session.objects.get(pk=alice.session).pk
    last_use.note_use(session_id, times.now())
    following = Loop()
    last_use.gather_on(following)
    last_use.note_use(session_id, times.now())
    assert (len(gathered.asked), len(following.asked)) == (1, 1)


def test_without_a_loop_a_use_is_written_at_once(alice, gathered):
    """A REST process has none, and that of a test before may be closed."""
    gathered.closed = True
    moment = times.now() + dt.timedelta(hours=1)
    last_use.note_use(Session.objects.get(pk=alice.session).pk, moment)
    assert last_used(alice) == moment
    assert gathered.asked == []
