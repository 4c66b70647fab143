"""Finding other people."""

import uuid

import pytest
from django.db import connection

from accounts.models import User
from chatapi.errors import NotFound
from tests.accounts.conftest import person

pytestmark = pytest.mark.django_db


def found(someone, text):
    answer = someone.client.get("users/", {"search": text})
    assert answer.status_code == 200, answer.json()
    return [user["username"] for user in answer.json()["results"]]


@pytest.fixture
def people(db):
    return [
        person("carol", display_name="Caroline Ångström"),
        person("carl", display_name="Zoë"),
        person("dave", display_name="carpenter", mobile_number="+4915112345678"),
    ]


@pytest.mark.parametrize(
    ("text", "usernames"),
    [
        ("car", ["carl", "carol", "dave"]),
        ("CAR", ["carl", "carol", "dave"]),
        ("caro", ["carol"]),
        ("ZOË", ["carl"]),
        ("  zo ", ["carl"]),
        ("arol", []),
        ("ca_ol", []),
        ("c%", []),
        ("%%", []),
        ("__", []),
        ("carol@example.org", ["carol"]),
        ("CAROL@example.org", ["carol"]),
        ("carol@example", []),
        ("+4915112345678", []),
        ("caroline ångström", ["carol"]),
        ("\\\\", []),
    ],
)
def test_search(alice, people, text, usernames):
    assert found(alice, text) == usernames


def test_a_verified_number_is_found(alice, people, clock):
    User.objects.filter(username="dave").update(mobile_verified_at=clock.moment)
    assert found(alice, "+4915112345678") == ["dave"]
    assert found(alice, "+491511234567") == []


def test_results_show_no_address_and_no_number(alice, people):
    """Never another's email or number."""
    (carol,) = alice.client.get("users/?search=caro").json()["results"]
    assert set(carol) == {"id", "username", "display_name", "about", "avatar_url", "is_contact", "is_blocked"}
    assert alice.client.get("users/carol/").json() == carol


def test_neither_myself_nor_those_switched_off_are_found(alice, bob):
    assert found(alice, "alice") == []
    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    assert found(alice, "bob") == []
    assert alice.client.get("users/bob/").status_code == 404


@pytest.mark.parametrize("query", ["", "search=", "search=a", "search=%20a%20", "search=" + "a" * 101, "search=%00%00"])
def test_what_search_refuses(alice, query):
    answer = alice.client.get(f"users/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["errors"][0]["field"] == "search"


def test_search_comes_in_pages_at_a_constant_price(alice, django_assert_num_queries):
    User.objects.bulk_create([User(username=f"same{n:03}", email=f"{n}@example.org") for n in range(120)])
    alice.client.get("users/?search=same")
    seen, path = [], "users/?search=same"
    while path:
        with django_assert_num_queries(2):
            page = alice.client.get(path).json()
        seen += [user["username"] for user in page["results"]]
        path = page["next"]
    assert seen == [f"same{n:03}" for n in range(120)]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's LIKE with ESCAPE uses no index")
def test_search_uses_the_indexes(db):
    """S79: the plan for many people names an index for each way of finding them."""
    User.objects.bulk_create([User(username=f"u{n:05}", email=f"{n}@example.org") for n in range(5_000)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user")
    plan = User.objects.get_queryset().matching("u0001").explain()
    assert "Seq Scan" not in plan
    for column in ("username_key", "display_name_key", "email", "mobile_number"):
        assert column in plan


def test_find_by_id_or_username(alice):
    assert User.objects.find(str(alice.user.pk)) == User.objects.find("ALICE") == alice.user


@pytest.mark.parametrize(
    "reference", ["", "nobody", str(uuid.uuid4()), "alice@example.org", "a" * 5_000, "al\x00", "' OR 1=1", "\udfff"]
)
def test_nobody_is_found_for_anything_else(alice, reference):
    with pytest.raises(NotFound):
        User.objects.find(reference)


def test_strangers_see_nothing(api, alice):
    for path in ("users/?search=alice", "users/alice/"):
        assert api.get(path).status_code == 401
