"""Deleting an account (S98)."""

import pytest
from django.core import mail
from django.db import connection

from accounts import erasure
from accounts.models import Contact, SecurityEvent, Session, User
from chatapi import worker
from tests.accounts.conftest import PASSWORD, Api, another_device, bearer, code_mailed_to, in_parallel, run_jobs, wrong

pytestmark = pytest.mark.django_db


def ask(person, password=PASSWORD):
    return person.client.post("accounts/me/delete/", {"password": password}, format="json")


def prove(person, challenge, code):
    body = {"challenge": challenge, "code": code}
    return person.client.post("accounts/me/delete/verify/", body, format="json")


def delete(person):
    challenge = ask(person).json()["challenge"]
    assert prove(person, challenge, code_mailed_to(person.user.email)).status_code == 204


def come_back(login="alice", password=PASSWORD):
    answer = Api().log_in(login, password)
    if answer.status_code != 200:
        return answer
    return Api().verify(answer.json()["challenge"], code_mailed_to("alice@example.org"))


def room_of(someone, other):
    return someone.client.post("conversations/", {"user": other.user.username}, format="json").json()["room_name"]


def send(someone, room, text="hello"):
    return someone.client.post(f"conversations/{room}/messages/", {"text": text}, format="json")


def test_alice_deletes_her_account(alice, bob, closed_sessions):
    """S35, S98: from that moment on she is nowhere to be found, and nothing can be sent to her."""
    laptop = another_device(alice)
    room = room_of(alice, bob)
    send(alice, room)
    run_jobs()
    mail.outbox.clear()
    delete(alice)
    assert sorted(closed_sessions) == sorted([alice.session, laptop.session])
    for device in (alice, laptop):
        assert device.client.get("accounts/me/").json()["code"] == "session_ended"
        assert Api().refresh(device.tokens["refresh"]).json()["code"] == "session_ended"
    assert send(bob, room).json()["code"] == "cannot_send"
    assert bob.client.get("users/alice/").status_code == 404
    assert bob.client.get("users/?search=alice").json()["results"] == []
    assert len(bob.client.get(f"conversations/{room}/messages/").json()["results"]) == 1
    run_jobs()
    assert mail.outbox[-1].subject == "Your account will be deleted"
    assert "14 days" in mail.outbox[-1].body


def test_what_it_needs(api, alice, mallory):
    """S16: Mallory holds Alice's unlocked phone, and has an account of her own."""
    assert ask(alice, "wrong password").json()["code"] == "invalid_password"
    challenge = ask(alice).json()["challenge"]
    code = code_mailed_to("alice@example.org")
    assert prove(alice, challenge, wrong(code)).json()["attempts_left"] == 4
    assert prove(mallory, challenge, code).json()["code"] == "challenge_expired"
    login = api.log_in("alice").json()["challenge"]
    assert prove(alice, login, code_mailed_to("alice@example.org")).json()["code"] == "challenge_expired"
    assert alice.client.get("accounts/me/").status_code == 200
    for path in ("accounts/me/delete/", "accounts/me/delete/verify/"):
        assert api.post(path, {}, format="json").status_code == 401
        answer = alice.client.post(path, {"x": 1}, format="json")
        assert answer.status_code == 400


def test_a_login_keeps_the_account(alice, bob, clock):
    """Until the last moment, and everything is as it was."""
    room = room_of(alice, bob)
    delete(alice)
    clock.forward(days=13, hours=23)
    worker.do_hourly_jobs()
    answer = come_back()
    assert answer.status_code == 200
    me = answer.json()["user"]
    assert (me["username"], me["email"]) == ("alice", "alice@example.org")
    run_jobs()
    assert "Your account is not deleted" in [message.subject for message in mail.outbox]
    assert [one["room_name"] for one in bearer(answer.json()["access"]).get("conversations/").json()["results"]] == [
        room
    ]
    clock.forward(days=30)
    erasure.erase_due()
    assert User.objects.find("alice").erase_at is None
    assert SecurityEvent.objects.filter(user=alice.user, kind="deletion_cancelled").count() == 1


def test_a_wrong_password_keeps_nothing(alice):
    delete(alice)
    assert come_back(password="wrong password").status_code == 401
    assert Api().log_in("alice").status_code == 200  # the password alone keeps nothing, either
    assert not User.objects.get(pk=alice.user.pk).is_active


def test_who_forgot_the_password_can_still_keep_the_account(alice):
    """Mallory deleted it and the owner knows nothing but the mailbox."""
    delete(alice)
    body = {"email": "alice@example.org"}
    challenge = Api().post("accounts/password/forgot/", body, format="json").json()["challenge"]
    given = {"challenge": challenge, "code": code_mailed_to("alice@example.org"), "new_password": "seven otters"}
    assert Api().post("accounts/password/reset/", given, format="json").status_code == 204
    assert come_back(password="seven otters").status_code == 200


def test_codes_from_before_open_nothing(api, alice):
    login = api.log_in("alice").json()["challenge"]
    code = code_mailed_to("alice@example.org")
    delete(alice)
    assert api.verify(login, code).json()["code"] == "challenge_expired"


def test_nothing_in_any_table_says_who_it_was(alice, bob, clock):
    """S98: searched for in every row; messages and the order of the room are as before."""
    room = room_of(alice, bob)
    alice.client.patch_me(display_name="Alice Liddell", about="down the hole", extra={"pet": "Dinah"})
    User.objects.filter(pk=alice.user.pk).update(mobile_number="+4915112345678", mobile_verified_at=clock.moment)
    alice.client.post("contacts/", {"user": "bob", "nickname": "hatter"}, format="json")
    for number in range(3):
        send((alice, bob)[number % 2], room, f"text {number}")
    before = bob.client.get(f"conversations/{room}/messages/").json()["results"]
    delete(alice)
    run_jobs()
    clock.forward(days=14, seconds=1)
    worker.do_hourly_jobs()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            dump = repr(cursor.fetchall()).lower()
            for marker in ("alice", "liddell", "hole", "dinah", "4915112345678", "hatter"):
                assert marker not in dump, (table, marker)
    bob_again = another_device(bob)
    after = bob_again.client.get(f"conversations/{room}/messages/").json()["results"]
    assert [(m["seq"], m["text"], m["sender"]["id"]) for m in after] == [
        (m["seq"], m["text"], m["sender"]["id"]) for m in before
    ]
    assert {m["sender"]["display_name"] for m in after} == {"Deleted user", "bob"}
    assert send(bob_again, room).json()["code"] == "cannot_send"
    assert not Session.objects.filter(user=alice.user).exists()
    assert not Contact.objects.filter(owner=alice.user).exists()


def test_an_erased_account_never_comes_back(alice, clock):
    delete(alice)
    clock.forward(days=14, seconds=1)
    erasure.erase_due()
    assert come_back().status_code == 401
    erased = User.objects.get(pk=alice.user.pk)
    assert Api().log_in(erased.username).status_code == 401
    assert Api().log_in(erased.email).status_code == 401
    assert Api().register("alice").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_login_and_erasure_at_once_have_one_winner(alice, clock):
    """Either she is in and everything is there, or she is not and nothing is."""
    for _ in range(4):
        delete(alice)
        clock.forward(days=13, hours=23, minutes=55)
        challenge = Api().log_in("alice").json()["challenge"]
        code = code_mailed_to("alice@example.org")
        clock.forward(minutes=5, seconds=1)
        calls = [lambda c=challenge, k=code: Api().verify(c, k), erasure.erase_due]
        answer, _ = in_parallel(2, lambda which, calls=calls: calls[which]())
        user = User.objects.get(pk=alice.user.pk)
        if answer.status_code != 200:
            assert answer.json()["code"] == "challenge_expired"
            assert (user.display_name, user.is_active) == ("Deleted user", False)
            return
        assert (user.username, user.is_active) == ("alice", True)
        alice.tokens = answer.json()


@pytest.mark.django_db(transaction=True)
def test_twenty_right_codes_at_once_delete_it_once(alice):
    """S8."""
    challenge = ask(alice).json()["challenge"]
    code = code_mailed_to("alice@example.org")
    statuses = [answer.status_code for answer in in_parallel(20, lambda _: prove(alice, challenge, code))]
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 400, 401}
    assert SecurityEvent.objects.filter(kind="deletion_requested").count() == 1
