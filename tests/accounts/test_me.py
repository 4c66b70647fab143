"""One's own profile, and the counter of one's own changes."""

import pytest
from django.db import transaction

from accounts.counters import next_me
from accounts.models import User, UserCounter
from tests.accounts.conftest import in_parallel

pytestmark = pytest.mark.django_db


def test_alice_changes_her_profile(alice, published):
    answer = alice.client.patch_me(display_name=" Alice\u202e ", about="At work", extra={"theme": {"dark": True}})
    assert answer.status_code == 200
    me = alice.client.get("accounts/me/").json()
    assert answer.json() == me
    assert (me["display_name"], me["about"], me["extra"], me["rev"]) == (
        "Alice",
        "At work",
        {"theme": {"dark": True}},
        1,
    )
    (event,) = published
    assert (event.topic, event.rev) == (alice.user.topic, 1)


def test_only_what_is_given_changes_and_no_change_takes_no_number(alice, published):
    alice.client.patch_me(about="At work")
    assert alice.client.patch_me(display_name="Al").json()["about"] == "At work"
    assert alice.client.patch_me(display_name="Al").json()["rev"] == 2
    assert alice.client.patch_me().json()["rev"] == 2
    assert len(published) == 2


def test_an_empty_display_name_shows_the_username(alice):
    alice.client.patch_me(display_name="Al")
    assert alice.client.patch_me(display_name="").json()["display_name"] == "alice"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"username": "bob"}, "unknown_field"),
        ({"email": "x@example.org"}, "unknown_field"),
        ({"is_staff": True}, "unknown_field"),
        ({"rev": 9}, "unknown_field"),
        ({"display_name": "x" * 65}, "invalid_input"),
        ({"display_name": None}, "invalid_input"),
        ({"about": "x" * 141}, "invalid_input"),
        ({"extra": []}, "invalid_input"),
        ({"extra": "x"}, "invalid_input"),
        ({"extra": None}, "invalid_input"),
        ({"extra": {"a": "x" * 4_089}}, "invalid_input"),
        ({"about": "nul\x00"}, "invalid_json"),
    ],
)
def test_what_me_refuses(alice, changes, code):
    answer = alice.client.patch_me(**changes)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert alice.client.get("accounts/me/").json()["rev"] == 0


def test_extra_may_have_exactly_four_kibibytes(alice):
    assert alice.client.patch_me(extra={"a": "x" * 4_088}).status_code == 200


def test_a_new_name_is_found_and_the_old_one_is_not(alice, bob):
    alice.client.patch_me(display_name="Wonderland")
    assert [u["username"] for u in bob.client.get("users/?search=wonder").json()["results"]] == ["alice"]
    alice.client.patch_me(display_name="Looking-glass")
    assert bob.client.get("users/?search=wonder").json()["results"] == []


def test_numbers_are_taken_for_many_at_once(alice, bob, django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(2):
        assert next_me([alice.user.pk, bob.user.pk, alice.user.pk]) == {alice.user.pk: 1, bob.user.pk: 1}
    with transaction.atomic():
        assert next_me([bob.user.pk]) == {bob.user.pk: 2}
        assert next_me([]) == {}


@pytest.mark.django_db(transaction=True)
def test_no_number_is_given_twice(alice, bob):
    """Overlapping takers in both orders: no deadlock, no double, no hole."""
    ids = [alice.user.pk, bob.user.pk]

    def take(n):
        with transaction.atomic():
            return next_me(ids if n % 2 else ids[::-1])

    taken = in_parallel(60, take)
    for user_id in ids:
        assert sorted(numbers[user_id] for numbers in taken) == list(range(1, 61))
    assert set(UserCounter.objects.values_list("me", flat=True)) == {60}


def test_people_made_in_bulk_can_be_found(db):
    User.objects.bulk_create(
        [User(username=f"Bulk{n}", email=f"bulk{n}@example.org", display_name=f"Näme {n}") for n in range(3)]
    )
    assert User.objects.find("bulk1").display_name_key == "näme 1"
