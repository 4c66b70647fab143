"""The people somebody has saved: a list of their own, the same on all their devices, and nobody else's business."""

import uuid
from typing import Any

import pytest
from django.db import connection

from accounts.models import Contact, User
from chatapi.limits import limits
from conversations.inbox import resume_inbox
from conversations.topics import Topics
from tests.contacts.conftest import bells, crowd, names, queries, saved
from tests.people import another_device, in_parallel, ok, people, person, refusal, room_between, without_request_id

pytestmark = pytest.mark.django_db

CALLS: list[tuple[str, str, Any]] = [
    ("get", "contacts/", None),
    ("post", "contacts/", {"user": "bob"}),
    ("patch", "contacts/bob/", {"nickname": "B"}),
    ("delete", "contacts/bob/", None),
    ("post", "contacts/import/", {"emails": []}),
]


def save(someone, user, **more):
    return someone.client.post("contacts/", {"user": user} | more)


def test_alice_saves_renames_and_removes_bob(alice, bob):
    answer = save(alice, "bob", nickname=" Bobby\u202e ")
    contact = ok(answer)
    assert answer.status_code == 201
    assert contact.keys() == {"user", "nickname", "rev", "created_at", "deleted_at"}
    assert (contact["user"], contact["nickname"], contact["deleted_at"]) == (bob.user.short(), "Bobby", None)
    assert ok(alice.client.get("contacts/"))["results"] == [contact]
    renamed = ok(alice.client.patch(f"contacts/{bob.user.pk}/", {"nickname": "Robert"}))
    assert (renamed["nickname"], renamed["rev"]) == ("Robert", 2)
    assert alice.client.delete("contacts/BOB/").status_code == 204
    assert ok(alice.client.get("contacts/"))["results"] == []
    assert refusal(alice.client.delete("contacts/bob/")) == (404, "not_found")
    assert refusal(alice.client.patch("contacts/bob/", {"nickname": "B"})) == (404, "not_found")


def test_saving_again_is_harmless(alice, bob):
    first = ok(save(alice, "bob", nickname="Bobby"))
    again = save(alice, str(bob.user.pk))
    assert (again.status_code, ok(again)) == (200, first)
    assert ok(save(alice, "bob", nickname="B"))["nickname"] == "B"
    assert ok(alice.client.patch("contacts/bob/", {}))["nickname"] == "B"
    assert alice.me == 2


def test_who_was_removed_can_be_saved_again_without_the_old_nickname(alice, bob):
    ok(save(alice, "bob", nickname="Bobby"))
    ok(alice.client.delete("contacts/bob/"))
    answer = save(alice, "bob")
    assert (answer.status_code, ok(answer)["nickname"], Contact.objects.count()) == (201, "", 1)


def test_contacts_come_by_the_name_that_is_shown(alice):
    for username, display_name in (("zed", "Anna"), ("anton", ""), ("carl", "zoe"), ("eve", "Anna")):
        person(username, display_name=display_name)
        ok(save(alice, username))
    ok(alice.client.patch("contacts/carl/", {"nickname": "Aachen"}))
    assert names(alice, "contacts/?limit=2") == ["carl", "eve", "zed", "anton"]


def test_a_profile_says_whether_it_is_a_contact(alice, bob):
    assert ok(alice.client.get("users/bob/"))["is_contact"] is False
    ok(save(alice, "bob"))
    assert ok(alice.client.get("users/bob/"))["is_contact"] is True
    assert ok(alice.client.get("users/?search=bob"))["results"][0]["is_contact"] is True
    ok(alice.client.delete("contacts/bob/"))
    assert ok(alice.client.get("users/bob/"))["is_contact"] is False


def test_nobody_learns_that_they_were_saved(alice, bob, published):
    before = (ok(bob.client.get("users/alice/")), bob.client.sync())
    ok(save(alice, "bob", nickname="Boring"))
    assert bells(published, bob) == []
    assert (ok(bob.client.get("users/alice/")), bob.client.sync()) == before
    assert "Boring" not in bob.client.get("accounts/me/").text


# Other devices


def test_each_change_takes_one_number_and_no_change_takes_none(alice, bob, published):
    ok(save(alice, "bob"))
    ok(save(alice, "bob"))
    ok(alice.client.patch("contacts/bob/", {"nickname": ""}))
    assert (alice.me, bells(published, alice)) == (1, [1])
    ok(alice.client.delete("contacts/bob/"))
    assert (alice.me, bells(published, alice)) == (2, [1, 2])


def test_another_device_learns_of_it_from_sync(alice, bob, carol):
    device = another_device(alice)
    known = device.client.sync()
    ok(save(alice, "bob", nickname="Bobby"))
    ok(alice.client.patch("accounts/me/", {"about": "here"}))
    contact = ok(save(alice, "carol"))
    me = device.client.sync(epoch=known["epoch"], me=known["me"]["rev"])["me"]
    assert [(frame["type"], frame["me"], frame["prev"]) for frame in me["changes"]] == [
        ("contact.updated", 1, 0),
        ("user.updated", 2, 1),
        ("contact.updated", 3, 2),
    ]
    assert (me["changes"][2]["data"], me["rev"], me["complete"]) == (contact, 3, True)
    ok(alice.client.delete("contacts/bob/"))
    (gone,) = device.client.sync(epoch=known["epoch"], me=3)["me"]["changes"]
    assert (gone["data"]["nickname"], gone["data"]["deleted_at"] is None) == ("", False)
    assert device.client.sync(epoch=known["epoch"], me=4)["me"]["changes"] == []


def test_an_inbox_gets_the_frame_and_resumes_with_it(alice, bob):
    """Live, as the hub reads it after the bell, and for a client that comes back: the same frame."""
    room_between(alice, bob)
    contact = ok(save(alice, "bob"))
    (event,) = Topics().missed(alice.user.topic, rev=1, marks=0).events
    assert (event.rev, event.prev, '"contact.updated"' in event.text) == (2, 1, True)
    resumed = resume_inbox(alice.user, epoch="", me=1, rooms={})
    assert [(frame["type"], frame["data"]) for frame in resumed.frames[1:]] == [("contact.updated", contact)]
    assert resumed.ready == {"me": 2, "complete": True}


def test_a_bell_about_something_else_asks_for_no_contacts(alice, bob):
    saved(alice, crowd(3))
    ok(alice.client.patch("accounts/me/", {"about": "here"}))
    counted = queries(lambda: Topics().missed(alice.user.topic, rev=3, marks=0))
    assert counted + 2 == queries(lambda: Topics().missed(alice.user.topic, rev=2, marks=0))


def test_two_thousand_contacts(alice):
    """S79: a page, a profile and a change cost what they cost with two; sync comes in parts."""
    saved(alice, crowd(2))
    few = [queries(lambda: alice.client.get("contacts/")), queries(lambda: alice.client.sync(me=1))]
    Contact.objects.all().delete()
    saved(alice, crowd(2_000, "many"))
    assert [queries(lambda: alice.client.get("contacts/?limit=200")), queries(lambda: alice.client.sync(me=1))] == few
    assert few[0] == 2
    assert names(alice, "contacts/?limit=200") == [f"many{n:04}" for n in range(2_000)]
    part = alice.client.sync(me=1)["me"]
    assert (len(part["changes"]), part["rev"], part["complete"]) == (1_000, 1_001, False)
    rest = alice.client.sync(me=1_001)["me"]
    assert (len(rest["changes"]), rest["rev"], rest["complete"]) == (999, 2_000, True)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL's plans")
def test_contacts_are_found_by_index(alice, bob):
    """S79."""
    saved(alice, crowd(2_000))
    saved(bob, crowd(2_000, "other"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_contact")
    rows = Contact.objects.filter(owner=alice.user, me_rev__gt=1_990)
    assert "accounts_contact_me" in rows.explain()
    assert "Seq Scan" not in Contact.objects.filter(owner=alice.user, person=bob.user).explain()


# Bad input


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "invalid_input")),
        ({"user": None}, (400, "invalid_input")),
        ({"user": []}, (400, "invalid_input")),
        ({"user": "x" * 65}, (400, "invalid_input")),
        ({"user": "alice"}, (400, "invalid_input")),
        ({"user": "bob", "nickname": "x" * 65}, (400, "invalid_input")),
        ({"user": "bob", "nickname": None}, (400, "invalid_input")),
        ({"user": "bob", "nickname": {}}, (400, "invalid_input")),
        ({"user": "bob", "owner": "mallory"}, (400, "unknown_field")),
        ({"user": "bob", "rev": 5}, (400, "unknown_field")),
        ({"user": "nobody"}, (404, "not_found")),
        ({"user": "bob@example.org"}, (404, "not_found")),
        ({"user": str(uuid.uuid4())}, (404, "not_found")),
    ],
)
def test_what_cannot_be_saved(alice, bob, body, expected):
    assert refusal(alice.client.post("contacts/", body)) == expected
    assert (Contact.objects.count(), alice.me) == (0, 0)


def test_a_list_holds_so_many(alice, bob, monkeypatch):
    saved(alice, crowd(2))
    monkeypatch.setattr("accounts.actions.contacts.limits", lambda: type(limits())(contacts=2))
    assert refusal(save(alice, "bob")) == (409, "limit_reached")
    assert ok(alice.client.patch("contacts/friend0000/", {"nickname": "still"}))["nickname"] == "still"
    ok(alice.client.delete("contacts/friend0000/"))
    assert save(alice, "bob").status_code == 201


def test_changes_are_counted(alice, bob, settings):
    """S71."""
    settings.RATE_LIMITS, settings.RATES = True, settings.RATES | {"contacts": "2/minute"}
    assert [save(alice, "bob").status_code for _ in range(3)] == [201, 200, 429]
    assert alice.client.delete("contacts/bob/").status_code == 429


# Others


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_nobody_gets_in(api, bob, method, path, body):
    assert refusal(getattr(api, method)(path, body)) == (401, "invalid_token")


def test_mallory_sees_and_changes_only_her_own(alice, bob, mallory):
    """S42: what Alice has saved looks to her like what nobody has."""
    ok(save(alice, "bob", nickname="Bobby"))
    (row,) = Contact.objects.all()
    for reference in ("bob", str(bob.user.pk), "alice", str(row.pk)):
        for method, body in (("patch", {"nickname": "mine"}), ("delete", None)):
            there = getattr(mallory.client, method)(f"contacts/{reference}/", body)
            absent = getattr(mallory.client, method)(f"contacts/{uuid.uuid4()}/", body)
            assert refusal(there) == (404, "not_found")
            assert without_request_id(there) == without_request_id(absent)
    assert ok(mallory.client.get("contacts/"))["results"] == []
    assert ok(mallory.client.get("users/bob/"))["is_contact"] is False
    assert names(alice, "contacts/") == ["bob"]


def test_a_cursor_opens_nobody_elses_list(alice, mallory):
    saved(alice, crowd(5))
    path = ok(alice.client.get("contacts/?limit=2"))["next"]
    assert ok(mallory.client.get(path))["results"] == []
    assert refusal(mallory.client.get("contacts/?cursor=%00x")) == (400, "invalid_cursor")


def test_a_contact_who_was_switched_off_can_be_removed(alice, bob):
    ok(save(alice, "bob"))
    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    assert names(alice, "contacts/") == ["bob"]
    assert alice.client.delete("contacts/bob/").status_code == 204


@pytest.mark.django_db(transaction=True)
def test_twenty_saves_at_once_are_one_contact(alice, bob):
    answers = in_parallel(20, lambda _: save(alice, "bob"))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert (Contact.objects.count(), alice.me) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_many_changed_at_once_take_a_number_each(alice):
    friends = people(12)
    in_parallel(12, lambda n: ok(save(alice, friends[n].name)))
    assert sorted(Contact.objects.values_list("me_rev", flat=True)) == list(range(1, 13))
    assert len(alice.client.sync(me=1)["me"]["changes"]) == 11
