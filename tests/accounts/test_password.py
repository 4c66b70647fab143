"""Changing the password (S16), and getting back in without it (S17)."""

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Challenge, SecurityEvent, Session, User
from tests.accounts.conftest import PASSWORD, Api, another_device, code_mailed_to, in_parallel, run_jobs, wrong

pytestmark = pytest.mark.django_db

NEW = "seven sleepy otters"


def change(person, current=PASSWORD, new=NEW):
    body = {"current_password": current, "new_password": new}
    return person.client.post("accounts/me/password/", body, format="json")


def forgot(email="alice@example.org", api=None):
    return (api or Api()).post("accounts/password/forgot/", {"email": email}, format="json")


def reset(challenge, code, new=NEW):
    body = {"challenge": challenge, "code": code, "new_password": new}
    return Api().post("accounts/password/reset/", body, format="json")


def asked():
    challenge = forgot().json()["challenge"]
    return challenge, code_mailed_to("alice@example.org")


def is_logged_in(person):
    return person.client.get("accounts/me/").status_code == 200


def mails():
    run_jobs()
    return [(message.to, message.subject) for message in mail.outbox]


# Changing


def test_alice_changes_her_password(api, alice, closed_sessions):
    """S16, S35, S36: every other device is out at once, and she is told."""
    laptop, tablet = another_device(alice), another_device(alice)
    mail.outbox.clear()
    assert change(alice).status_code == 204
    assert is_logged_in(alice)
    assert not is_logged_in(laptop)
    assert api.refresh(tablet.tokens["refresh"]).json()["code"] == "session_ended"
    assert sorted(closed_sessions) == sorted([laptop.session, tablet.session])
    assert mails() == [(["alice@example.org"], "Your password was changed")]
    assert api.log_in("alice").status_code == 401
    assert api.log_in("alice", NEW).status_code == 200
    assert Session.objects.get(pk=laptop.session).end_reason == "password_changed"


def test_a_wrong_current_password_changes_nothing(api, alice):
    laptop = another_device(alice)
    answer = change(alice, "wrong password")
    assert (answer.status_code, answer.json()["code"], answer.json()["retry"]) == (400, "invalid_password", "never")
    assert is_logged_in(laptop)
    assert api.log_in("alice").status_code == 200


def test_a_stolen_device_gets_ten_guesses_an_hour(api, alice):
    """S10, S16: Mallory holds Alice's unlocked phone. The right password does not help after ten wrong ones."""
    assert [change(alice, "wrong password").status_code for _ in range(11)] == [400] * 10 + [429]
    assert change(alice).status_code == 429
    assert api.log_in("alice").status_code == 200
    assert SecurityEvent.objects.filter(kind="password_failed", session_id=alice.session).count() == 10


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_guesses_is_counted_before_it_is_checked(alice):
    """S71."""
    statuses = [answer.status_code for answer in in_parallel(30, lambda _: change(alice, "wrong password"))]
    assert (statuses.count(400), statuses.count(429)) == (10, 20)


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("short", "password_too_short"),
        ("password1", "password_too_common"),
        ("alice@example.org", "password_too_similar"),
        ("x" * 129, "max_length"),
        ("", "blank"),
        (None, "null"),
        (["a"], "invalid"),
    ],
)
def test_new_passwords_that_are_refused(api, alice, new, code):
    """S14: as at the registration; the old one goes on, and no guess is counted."""
    answer = change(alice, new=new)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("new_password", code)]
    assert api.log_in("alice").status_code == 200


def test_what_the_change_refuses(alice):
    for body, code in (
        ({}, "invalid_input"),
        ({"current_password": PASSWORD}, "invalid_input"),
        ({"current_password": PASSWORD, "new_password": NEW, "user": "bob"}, "unknown_field"),
        ({"current_password": {"a": 1}, "new_password": NEW}, "invalid_input"),
    ):
        answer = alice.client.post("accounts/me/password/", body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert Api().post("accounts/me/password/", {}, format="json").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_ten_changes_at_once_one_wins(alice):
    """The old password is current for one of them only."""
    answers = in_parallel(10, lambda number: change(alice, new=f"{NEW} {number}"))
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 9
    (winner,) = [number for number, answer in enumerate(answers) if answer.status_code == 204]
    assert Api().log_in("alice", f"{NEW} {winner}").status_code == 200


def test_a_code_asked_for_before_the_change_opens_nothing_after_it(api, alice):
    """S16: Mallory knew the old password and already has the code from Alice's mailbox."""
    login = api.log_in("alice").json()["challenge"]
    login_code = code_mailed_to("alice@example.org")
    old, old_code = asked()
    assert change(alice).status_code == 204
    assert api.verify(login, login_code).json()["code"] == "challenge_expired"
    assert reset(old, old_code, "mallory was here").json()["code"] == "challenge_expired"


@pytest.mark.django_db(transaction=True)
def test_no_login_slips_through_a_change(alice):
    """S35: whatever session the old password opened at that moment, none outlives the change."""
    for number in range(5):
        now, new = (PASSWORD, NEW) if number % 2 == 0 else (NEW, PASSWORD)
        challenge = Api().log_in("alice", now).json()["challenge"]
        code = code_mailed_to("alice@example.org")
        calls = [lambda c=challenge, k=code: Api().verify(c, k), lambda a=now, b=new: change(alice, a, b)]
        _, changed = in_parallel(2, lambda which, calls=calls: calls[which]())
        assert changed.status_code == 204
        live = Session.objects.filter(user=alice.user, ended_at=None).values_list("pk", flat=True)
        assert [str(pk) for pk in live] == [alice.session]


# Forgetting


def test_alice_forgot_her_password(api, alice, closed_sessions):
    """S17, S35: the code sets the password, logs nobody in, and ends every session."""
    laptop = another_device(alice)
    challenge, code = asked()
    mail.outbox.clear()
    answer = reset(challenge, code)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not is_logged_in(alice)
    assert not is_logged_in(laptop)
    assert sorted(closed_sessions) == sorted([alice.session, laptop.session])
    assert mails() == [(["alice@example.org"], "Your password was changed")]
    assert api.log_in("alice").status_code == 401
    assert api.log_in("alice", NEW).status_code == 200
    assert SecurityEvent.objects.filter(kind="password_reset", user=alice.user).count() == 1


def test_known_and_unknown_addresses_answer_alike(alice):
    """S1, S2: the same answer after the same statements; only the owner of an account gets a mail."""
    mail.outbox.clear()
    answers, statements = [], []
    for email in ("alice@example.org", "aloha@example.org"):
        with CaptureQueriesContext(connection) as seen:
            answers.append(forgot(email))
        statements.append([query["sql"].split()[0] for query in seen])
    for answer in answers:
        assert answer.status_code == 202
        assert answer.json() | {"challenge": "", "expires_at": "", "resend_at": ""} == {
            "challenge": "",
            "method": "email",
            "sent_to": "a***@example.org",
            "expires_at": "",
            "resend_at": "",
        }
    assert statements[0] == statements[1]
    assert mails() == [(["alice@example.org"], "Your code")]


def test_an_unknown_address_stays_unknown_to_the_end(alice, clock):
    """S1: codes, resends and limits of a challenge that nobody can meet look like those of any other."""
    told = []
    for email in ("alice@example.org", "aloha@example.org"):
        challenge = forgot(email).json()["challenge"]
        run_jobs()
        early = Api().resend(challenge)
        tries = [reset(challenge, "00000x") for _ in range(6)]
        told.append([(a.status_code, a.json() | {"request_id": ""}) for a in (early, *tries)])
    assert told[0] == told[1]
    assert [body.get("attempts_left") for _, body in told[0]] == [None, 4, 3, 2, 1, 0, None]


def test_an_address_rests_after_ten_wrong_codes(alice, clock):
    """S10: for known and unknown addresses alike, and only for an hour."""
    for email in ("alice@example.org", "nobody@example.org"):
        for _ in range(2):
            challenge = forgot(email).json()["challenge"]
            for _ in range(5):
                reset(challenge, "00000x")
        assert forgot(email).status_code == 429
    clock.forward(hours=1, seconds=1)
    assert forgot().status_code == 202


def test_a_code_is_good_for_its_own_purpose_only(api, alice):
    """S9: a login's code sets no password, a reset's code opens no session; and no try is counted for it."""
    login = api.log_in("alice").json()["challenge"]
    login_code = code_mailed_to("alice@example.org")
    challenge, code = asked()
    assert reset(login, login_code).json()["code"] == "challenge_expired"
    assert api.verify(challenge, code).json()["code"] == "challenge_expired"
    assert set(Challenge.objects.filter(pk__in=[login, challenge]).values_list("attempts", flat=True)) == {0}


def test_mallory_cannot_use_her_own_challenge_for_alice(alice, mallory):
    """S9: a code belongs to the challenge it was sent for."""
    forgot("mallory@example.org")
    code = code_mailed_to("mallory@example.org")
    challenge, alices = asked()
    if code != alices:
        assert reset(challenge, code).json()["code"] == "invalid_code"
    assert is_logged_in(alice)


@pytest.mark.django_db(transaction=True)
def test_of_ten_resets_at_once_one_wins(alice):
    """S8, S17: and each with the right code. (A challenge has five tries.)"""
    challenge, code = asked()
    answers = in_parallel(10, lambda number: reset(challenge, code, f"{NEW} {number}"))
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 9
    (winner,) = [number for number, answer in enumerate(answers) if answer.status_code == 204]
    assert Api().log_in("alice", f"{NEW} {winner}").status_code == 200


def test_a_refused_password_keeps_the_code_good(alice):
    challenge, code = asked()
    answer = reset(challenge, code, "alice@example.org")
    assert [error["code"] for error in answer.json()["errors"]] == ["password_too_similar"]
    assert is_logged_in(alice)
    assert reset(challenge, code).status_code == 204
    assert reset(challenge, code).json()["code"] == "challenge_expired"


def test_wrong_codes_and_old_ones(alice, clock):
    """S7, S10."""
    challenge, code = asked()
    assert reset(challenge, wrong(code)).json()["attempts_left"] == 4
    clock.forward(minutes=10, seconds=1)
    assert reset(challenge, code).json()["code"] == "challenge_expired"


def test_what_forgot_and_reset_refuse(api, alice):
    for path, body, code in (
        ("forgot", {}, "invalid_input"),
        ("forgot", {"email": "alice"}, "invalid_input"),
        ("forgot", {"email": ["alice@example.org"]}, "invalid_input"),
        ("forgot", {"email": "alice@example.org", "x": 1}, "unknown_field"),
        ("reset", {"challenge": "x", "code": "1"}, "invalid_input"),
        ("reset", {"challenge": "x", "code": "1", "new_password": NEW}, "challenge_expired"),
        ("reset", {"challenge": "x", "code": {}, "new_password": NEW}, "invalid_input"),
    ):
        answer = api.post(f"accounts/password/{path}/", body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, code), (path, body)


def test_someone_switched_off_gets_no_code(alice):
    challenge, code = asked()
    User.objects.update(is_active=False)
    mail.outbox.clear()
    assert forgot().status_code == 202
    assert mails() == []
    assert reset(challenge, code).json()["code"] == "challenge_expired"


def test_no_secret_reaches_logs_tables_or_queue(api, alice, caplog):
    """S6, S20."""
    caplog.set_level("DEBUG")
    challenge, code = asked()
    assert reset(challenge, code).status_code == 204
    run_jobs()
    assert not any(secret in caplog.text for secret in (NEW, code))
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert NEW not in repr(cursor.fetchall()), table
