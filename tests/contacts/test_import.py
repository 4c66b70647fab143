"""Which people of an address book are here: proven addresses only, and no way to go through numbers."""

import pytest

from accounts.models import Contact, User
from chatapi import times
from tests.contacts.conftest import crowd, queries
from tests.people import ok, person, refusal

pytestmark = pytest.mark.django_db

NUMBER = "+4915112345678"


def matches(someone, **given):
    found = ok(someone.client.post("contacts/import/", given))["matches"]
    return [(match["given"], match["user"]["username"], match["is_contact"]) for match in found]


def proven(username, number):
    return person(username, mobile_number=number, mobile_verified_at=times.now())


def test_addresses_and_numbers_of_people_who_are_here(alice, bob):
    proven("carol", NUMBER)
    ok(alice.client.post("contacts/", {"user": "bob"}))
    given = {
        "emails": ["carol@example.org", " BOB@Example.org", "x@example.org"],
        "mobile_numbers": [NUMBER, "+15550100"],
    }
    assert matches(alice, **given) == [
        ("carol@example.org", "carol", False),
        (" BOB@Example.org", "bob", True),
        (NUMBER, "carol", False),
    ]
    assert Contact.objects.count() == 1  # nobody is saved by asking


def test_nothing_but_what_the_caller_knew_comes_back(alice):
    proven("carol", NUMBER)
    (match,) = ok(alice.client.post("contacts/import/", {"mobile_numbers": [NUMBER]}))["matches"]
    assert match.keys() == {"given", "user", "is_contact"}
    assert match["user"].keys() == {"id", "username", "display_name"}


def test_an_unproven_number_is_nobodys(alice):
    person("carol", mobile_number=NUMBER)
    proven("dave", "+4915112345679")
    assert matches(alice, mobile_numbers=[NUMBER, "+4915112345679"]) == [("+4915112345679", "dave", False)]


def test_oneself_and_who_was_switched_off_are_not_found(alice, bob):
    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    assert matches(alice, emails=["alice@example.org", "bob@example.org"]) == []


@pytest.mark.parametrize(
    ("choice", "by_alice", "by_mallory"), [("nobody", 0, 0), ("contacts", 1, 0), ("everyone", 1, 1)]
)
def test_who_lets_nobody_write_is_not_found(alice, bob, mallory, choice, by_alice, by_mallory):
    ok(bob.client.post("contacts/", {"user": "alice"}))
    User.objects.filter(pk=bob.user.pk).update(privacy=bob.user.privacy | {"messages": choice})
    assert len(matches(alice, emails=["bob@example.org"])) == by_alice
    assert len(matches(mallory, emails=["bob@example.org"])) == by_mallory


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"emails": "bob@example.org"}, "invalid_input"),
        ({"emails": ["bob"]}, "invalid_input"),
        ({"emails": [None]}, "invalid_input"),
        ({"emails": [["bob@example.org"]]}, "invalid_input"),
        ({"emails": None}, "invalid_input"),
        ({"mobile_numbers": ["015112345678"]}, "invalid_input"),
        ({"mobile_numbers": [4915112345678]}, "invalid_input"),
        ({"mobile_numbers": ["%"]}, "invalid_input"),
        ({"emails": [f"x{n}@example.org" for n in range(501)]}, "invalid_input"),
        ({"emails": ["a@example.org"] * 300, "mobile_numbers": [NUMBER] * 300}, "invalid_input"),
        ({"usernames": ["bob"]}, "unknown_field"),
    ],
)
def test_what_import_refuses(alice, body, code):
    assert refusal(alice.client.post("contacts/import/", body)) == (400, code)


def test_nothing_is_asked_for_nothing(alice):
    assert matches(alice) == []


def test_mallory_cannot_go_through_numbers(alice, mallory, settings):
    """S100: every entry counts, not every call."""
    settings.RATE_LIMITS, settings.RATES = True, settings.RATES | {"import": "1000/day"}
    page = [f"+49151{n:08}" for n in range(400)]
    answers = [mallory.client.post("contacts/import/", {"mobile_numbers": page}).status_code for _ in range(4)]
    assert answers == [200, 200, 429, 429]
    assert alice.client.post("contacts/import/", {"mobile_numbers": page}).status_code == 200


def test_five_hundred_entries_cost_what_one_costs(alice):
    crowd(500)
    one = queries(lambda: matches(alice, emails=["friend0@example.org"]))
    assert queries(lambda: matches(alice, emails=[f"friend{n}@example.org" for n in range(500)])) == one == 2
