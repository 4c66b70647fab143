"""Devices: seeing them and ending them."""

import uuid

import pytest

from accounts.models import Session
from tests.accounts.conftest import Api, another_device, bearer

pytestmark = pytest.mark.django_db


def refused(person):
    return bearer(person.tokens["access"]).get("accounts/me/").json().get("code") == "session_ended"


def test_alice_sees_her_devices_newest_first(alice, bob):
    """S38."""
    laptop = another_device(alice, "Alice's\u202e laptop")
    page = alice.client.get("accounts/sessions/").json()
    assert set(page) == {"results", "next", "previous"}
    assert [session["id"] for session in page["results"]] == [laptop.session, alice.session]
    newest = page["results"][0]
    assert set(newest) == {"id", "device_name", "address", "created_at", "last_used_at", "current"}
    assert (newest["device_name"], newest["address"], newest["current"]) == ("Alice's laptop", "127.0.0.1", False)
    assert page["results"][1]["current"] is True


def test_the_list_costs_the_same_for_any_number(alice, django_assert_num_queries):
    alice.client.get("accounts/sessions/")
    for _ in range(3):
        another_device(alice)
    with django_assert_num_queries(2):
        assert len(alice.client.get("accounts/sessions/?limit=2").json()["results"]) == 2


def test_the_list_comes_in_pages(alice):
    for _ in range(4):
        another_device(alice)
    seen, path = [], "accounts/sessions/?limit=2"
    while path:
        page = alice.client.get(path).json()
        seen += [session["id"] for session in page["results"]]
        path = page["next"]
    assert len(set(seen)) == len(seen) == 5
    assert alice.client.get("accounts/sessions/?limit=201").json()["code"] == "invalid_input"


def test_alice_ends_another_device(alice, closed_sessions):
    """S35, S36, S38: its tokens die at once, its sockets are told to close."""
    laptop = another_device(alice)
    assert alice.client.delete(f"accounts/sessions/{laptop.session}/").status_code == 204
    assert refused(laptop)
    assert not refused(alice)
    assert Api().refresh(laptop.tokens["refresh"]).json()["code"] == "session_ended"
    assert closed_sessions == [laptop.session]
    assert alice.client.delete(f"accounts/sessions/{laptop.session}/").status_code == 404


def test_mallory_cannot_end_or_see_what_is_not_hers(alice, mallory):
    for session in (alice.session, str(uuid.uuid4()), "x", "\u00e9"):
        answer = mallory.client.delete(f"accounts/sessions/{session}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not refused(alice)
    assert [s["id"] for s in mallory.client.get("accounts/sessions/").json()["results"]] == [mallory.session]


def test_alice_logs_out(alice, closed_sessions):
    """S35."""
    laptop = another_device(alice)
    assert alice.client.post("accounts/logout/").status_code == 204
    assert refused(alice)
    assert not refused(laptop)
    assert closed_sessions == [alice.session]
    assert Session.objects.get(pk=alice.session).end_reason == "logout"


def test_alice_logs_out_everywhere(alice, bob, closed_sessions):
    """S35."""
    laptop = another_device(alice)
    assert alice.client.post("accounts/logout/all/").status_code == 204
    assert refused(alice)
    assert refused(laptop)
    assert not refused(bob)
    assert sorted(closed_sessions) == sorted([alice.session, laptop.session])
