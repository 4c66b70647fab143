"""Pages of a room's messages."""

import pytest

from chatapi import ids, times
from conversations.actions.messages import Draft, send_messages
from conversations.actions.rooms import end_membership
from conversations.models import Membership, Message
from tests.conversations.conftest import queries
from tests.people import group_of, ok, refusal, room_called, said, without_request_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(alice, bob, room):
    """Twenty-three messages of both."""
    room_id = room_called(room).pk
    both = (alice.user, bob.user)
    send_messages(drafts=[Draft(room_id=room_id, sender=both[n % 2], text=f"{n}") for n in range(1, 24)])
    return f"conversations/{room}/messages/"


def seqs(answer):
    return [message["seq"] for message in ok(answer)["results"]]


def walk(client, path, link="next"):
    """All seqs of the pages from `path` on, page by page."""
    pages = []
    while path:
        page = ok(client.get(path))
        pages.append([message["seq"] for message in page["results"]])
        path = page[link]
        assert len(pages) < 100
    return pages


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", list(range(23, 0, -1))),
        ("?limit=3", [23, 22, 21]),
        ("?limit=1", [23]),
        ("?before=10&limit=3", [9, 8, 7]),
        ("?before=3", [2, 1]),
        ("?before=1", []),
        ("?before=0", []),
        ("?before=1000&limit=2", [23, 22]),
        ("?after=0&limit=3", [1, 2, 3]),
        ("?after=20", [21, 22, 23]),
        ("?after=23", []),
        ("?after=4611686018427387904", []),
        ("?around=10&limit=4", [9, 10, 11, 12]),
        ("?around=10&limit=5", [8, 9, 10, 11, 12]),
        ("?around=10&limit=1", [10]),
        ("?around=1&limit=4", [1, 2, 3]),
        ("?around=23&limit=4", [22, 23]),
        ("?around=0&limit=4", [1, 2]),
        ("?around=1000&limit=4", [22, 23]),
        ("?limit=200", list(range(23, 0, -1))),
    ],
)
def test_which_messages_a_page_has(alice, history, query, expected):
    assert seqs(alice.client.get(history + query)) == expected


@pytest.mark.parametrize("limit", [1, 4, 5, 23, 50])
def test_links_walk_the_whole_history_exactly_once(alice, history, limit):
    expected = list(range(1, 24))
    down = walk(alice.client, f"{history}?limit={limit}")
    assert [seq for page in down for seq in page] == expected[::-1]
    up = walk(alice.client, f"{history}?after=0&limit={limit}")
    assert [seq for page in up for seq in page] == expected
    assert all(len(page) == limit for page in [*down[:-1], *up[:-1]])


def test_from_the_middle_both_ways(alice, history):
    middle = ok(alice.client.get(f"{history}?around=12&limit=5"))
    newer = [seq for page in walk(alice.client, middle["next"]) for seq in page]
    older = [seq for page in walk(alice.client, middle["previous"]) for seq in page]
    assert newer == list(range(15, 24))
    assert older == list(range(9, 0, -1))


def test_the_page_before_leads_back(alice, history):
    first = ok(alice.client.get(f"{history}?limit=5"))
    assert first["previous"] is None
    second = ok(alice.client.get(first["next"]))
    back = ok(alice.client.get(second["previous"]))
    assert [message["seq"] for message in back["results"]] == [19, 20, 21, 22, 23]
    assert back["next"] is None


def test_nothing_moves_while_paging(alice, bob, history, room):
    first = ok(alice.client.get(f"{history}?limit=5"))
    said(bob, room, "new", "newer")
    assert seqs(alice.client.get(first["next"])) == [18, 17, 16, 15, 14]
    assert seqs(alice.client.get(first["next"].replace("before=19", "after=23"))) == [24, 25]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=abc", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1e2", "limit"),
        ("limit=" + "9" * 2_000, "limit"),
        ("before=-1", "before"),
        ("before=x", "before"),
        ("before=4611686018427387905", "before"),
        ("after=99999999999999999999", "after"),
        ("around=null", "around"),
        ("before=1&after=2", ""),
        ("around=1&after=2", ""),
    ],
)
def test_what_is_not_a_page(alice, history, query, field):
    """S79: above the maximum is a 400, never a silent cut."""
    answer = alice.client.get(f"{history}?{query}")
    assert refusal(answer) == (400, "invalid_input")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_unknown_parameter(alice, history):
    assert refusal(alice.client.get(f"{history}?offset=3")) == (400, "unknown_field")


def test_two_hundred_at_once_and_no_more(alice, room):
    said(alice, room, *(f"{n}" for n in range(205)))
    assert seqs(alice.client.get(f"conversations/{room}/messages/?limit=200")) == list(range(205, 5, -1))
    assert len(seqs(alice.client.get(f"conversations/{room}/messages/"))) == 50


def test_what_was_cleared_is_gone_for_one_only(alice, bob, history, room):
    ok(bob.client.delete(f"conversations/{room}/"))
    for query in ("", "?before=10", "?after=0", "?around=12"):
        assert seqs(bob.client.get(history + query)) == []
    said(alice, room, "after")
    for query in ("", "?after=0", "?around=12", "?after=3&limit=1"):
        assert seqs(bob.client.get(history + query)) == [24]
    assert len(seqs(alice.client.get(history))) == 24


def test_who_left_reads_up_to_there(alice, bob, carol):
    """S45: not one message of later."""
    group = group_of(alice, bob, carol)
    said(alice, group, "1", "2")
    end_membership(room_id=room_called(group).pk, user=bob.user, state=Membership.State.LEFT)
    (later,) = said(alice, group, "3")
    path = f"conversations/{group}/messages/"
    assert seqs(bob.client.get(path)) == [2, 1]
    assert seqs(bob.client.get(f"{path}?after=0")) == [1, 2]
    assert seqs(bob.client.get(f"{path}?around=3")) == [1, 2]
    assert refusal(bob.client.get(f"{path}{later.pk}/")) == (404, "not_found")
    assert seqs(carol.client.get(path)) == [3, 2, 1]


# One message


def test_one_message(alice, bob, room):
    (message,) = said(alice, room, "hello")
    assert ok(bob.client.get(f"conversations/{room}/messages/{message.pk}/"))["text"] == "hello"


def test_messages_that_are_not_to_be_seen_look_absent(alice, bob, carol, room):
    """S42: of another room, cleared, malformed, absent."""
    (message,) = said(alice, room, "hello")
    group = group_of(alice, carol)
    (other,) = said(alice, group, "elsewhere")
    ok(bob.client.delete(f"conversations/{room}/"))
    paths = [
        f"conversations/{room}/messages/{message.pk}/",
        f"conversations/{room}/messages/{other.pk}/",
        f"conversations/{room}/messages/{ids.uuid7()}/",
        f"conversations/{room}/messages/1/",
        f"conversations/{room}/messages/{'x' * 300}/",
        f"conversations/{room}/messages/%00/",
        f"conversations/{group}/messages/{other.pk}/",
    ]
    bodies = [without_request_id(bob.client.get(path)) for path in paths]
    assert all(body == bodies[0] for body in bodies)
    assert (bodies[0]["status"], bodies[0]["code"]) == (404, "not_found")


def test_a_page_takes_two_queries_and_one_for_quotes_whatever_it_holds(alice, bob, room):
    """The session with its user and the membership, the messages with their senders."""
    said(alice, room, "1")
    assert queries(lambda: alice.client.messages(room)) == 2
    (quoted,) = said(bob, room, "2")
    for n in range(20):
        ok((alice, bob)[n % 2].client.send(room, "again", reply_to=str(quoted.pk)))
    assert queries(lambda: alice.client.messages(room)) == 3
    quoted_too = ok(alice.client.send(room, "another"))["id"]
    ok(bob.client.send(room, "again", reply_to=quoted_too))
    assert queries(lambda: alice.client.messages(room)) == 3


def test_a_page_and_a_single_message_say_the_same(alice, bob, room):
    """One is made of rows, the other of a model: nulls, objects, quotes and tombstones alike."""
    extra = {"n": 1.5, "list": [None, True, {"deep": "ü"}]}
    first = ok(alice.client.send(room, "first", extra=extra))["id"]
    answer = ok(bob.client.send(room, "answer", reply_to=first))["id"]
    gone = ok(bob.client.send(room, "to be gone", reply_to=answer, extra=extra))["id"]
    last = ok(alice.client.send(room, "last", reply_to=gone))["id"]
    Message.objects.filter(pk=gone).update(deleted_at=times.now(), edited_at=times.now(), expires_at=times.now())
    path = f"conversations/{room}/messages/"
    page = {message["id"]: message for message in alice.client.messages(room)}
    assert list(page) == [last, gone, answer, first]
    assert [ok(alice.client.get(f"{path}{key}/")) for key in page] == list(page.values())
    assert (page[gone]["text"], page[gone]["extra"], page[last]["reply_to"]["text"]) == ("", None, "")
    assert (page[first]["extra"], page[answer]["reply_to"]["text"]) == (extra, "first")
