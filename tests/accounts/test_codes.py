"""What a one-time code withstands."""

import re
from collections import Counter

import pytest
from django.core import mail
from django.db import connection

from accounts.actions import challenges
from accounts.codes import new_code
from accounts.jobs import send_code
from accounts.models import Challenge, User
from tests.accounts.conftest import PASSWORD, Api, code_mailed_to, in_parallel, run_jobs, wrong

pytestmark = pytest.mark.django_db


def asked(api, login="alice"):
    """A challenge of Alice's login, and its code."""
    challenge = api.log_in(login).json()["challenge"]
    return challenge, code_mailed_to("alice@example.org")


def test_codes_are_six_uniform_digits():
    """S5: each digit in each place about as often as any other; leading zeros stay."""
    codes = [new_code() for _ in range(10_000)]
    assert all(re.fullmatch(r"\d{6}", code) for code in codes)
    for place in range(6):
        counts = Counter(code[place] for code in codes)
        # Five standard deviations of a fair digit (30 each): one false alarm in tens of thousands of runs.
        assert all(abs(counts[str(digit)] - 1000) < 150 for digit in range(10))


def test_no_table_and_no_queue_holds_the_code(api, alice):
    """S6: a dump of every table contains neither the code nor the password."""
    _, code = asked(api)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            dump = repr(cursor.fetchall())
            assert not re.search(rf"\b{code}\b", dump), table
            assert PASSWORD not in dump


def test_a_code_lives_for_ten_minutes(api, alice, clock):
    """S7."""
    challenge, code = asked(api)
    clock.forward(minutes=9, seconds=59)
    late, late_code = asked(api)
    assert api.verify(challenge, code).status_code == 200
    clock.forward(minutes=10, seconds=1)
    assert api.verify(late, late_code).json()["code"] == "challenge_expired"


@pytest.mark.django_db(transaction=True)
def test_fifty_right_codes_at_once_open_one_session(alice):
    """S8."""
    challenge, code = asked(Api())
    answers = in_parallel(50, lambda _: Api().verify(challenge, code))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code != 200} == {"challenge_expired"}
    assert alice.user.sessions.count() == 2


def test_a_code_belongs_to_its_own_attempt(api, alice):
    """S9: the code of one login is nothing for another."""
    first, first_code = asked(api)
    second, second_code = asked(api)
    if first_code != second_code:
        assert api.verify(first, second_code).json()["code"] == "invalid_code"
    assert api.verify(first, first_code).status_code == 200
    assert api.verify(second, second_code).status_code == 200


def test_after_five_wrong_tries_the_right_code_is_void(api, alice):
    """S10."""
    challenge, code = asked(api)
    answers = [api.verify(challenge, wrong(code)) for _ in range(5)]
    assert [answer.json()["attempts_left"] for answer in answers] == [4, 3, 2, 1, 0]
    assert {answer.status_code for answer in answers} == {400}
    assert api.verify(challenge, code).json()["code"] == "challenge_expired"


@pytest.mark.django_db(transaction=True)
def test_two_hundred_wrong_tries_at_once_are_five(alice, settings):
    """S11: and that with the rate limits off."""
    settings.RATE_LIMITS = False
    challenge, code = asked(Api())
    answers = in_parallel(200, lambda _: Api().verify(challenge, wrong(code)))
    assert Counter(answer.json()["code"] for answer in answers) == {"invalid_code": 5, "challenge_expired": 195}
    assert Challenge.objects.get(pk=challenge).attempts == 5


def test_a_resend_makes_a_new_code_and_keeps_the_tries(api, alice, clock):
    """S11, S12."""
    challenge, old = asked(api)
    api.verify(challenge, wrong(old))
    early = api.resend(challenge)
    assert (early.status_code, early.json()["code"], early.json()["retry_after_ms"]) == (429, "rate_limited", 60_000)
    clock.forward(seconds=60)
    answer = api.resend(challenge)
    assert answer.status_code == 200
    assert answer.json()["challenge"] == challenge
    assert api.verify(challenge, old).json()["attempts_left"] == 3
    new = code_mailed_to("alice@example.org")
    assert Challenge.objects.get(pk=challenge).attempts == 2
    assert api.verify(challenge, new).status_code == 200


def test_an_old_code_is_void_from_the_resend_on(api, alice, clock):
    """S12: not only from the moment the new mail goes out."""
    challenge, old = asked(api)
    clock.forward(seconds=60)
    api.resend(challenge)
    assert api.verify(challenge, old).json()["code"] == "invalid_code"


def test_a_challenge_sends_five_codes_at_most(api, alice, clock):
    """S12."""
    challenge, _ = asked(api)
    statuses = []
    for _ in range(5):
        clock.forward(seconds=60)
        statuses.append(api.resend(challenge).status_code)
    assert statuses == [200, 200, 200, 200, 429]
    run_jobs()


@pytest.mark.django_db(transaction=True)
def test_twenty_resends_at_once_send_one_code(alice, clock):
    """S12."""
    challenge, _ = asked(Api())
    clock.forward(seconds=60)
    mail.outbox.clear()
    answers = in_parallel(20, lambda _: Api().resend(challenge))
    assert [answer.status_code for answer in answers].count(200) == 1
    run_jobs()
    assert len(mail.outbox) == 1


def test_one_mailbox_gets_so_many_codes_an_hour(api, alice, settings, clock):
    """S12: counted in the database, whatever RATE_LIMITS says, and forgotten after the hour."""
    settings.RATE_LIMITS = False
    settings.CODES_PER_HOUR = 3
    assert [api.log_in("alice").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert api.register("carol").status_code == 201
    clock.forward(hours=1, seconds=1)
    assert api.log_in("alice").status_code == 200


def test_ten_wrong_codes_an_hour_and_no_more_codes_are_sent(api, alice, clock):
    """S10: the account rests, it is never locked for good."""
    for _ in range(2):
        challenge, code = asked(api)
        for _ in range(5):
            api.verify(challenge, wrong(code))
    answer = api.log_in("alice")
    assert (answer.status_code, answer.json()["retry"]) == (429, "after")
    clock.forward(hours=1, seconds=1)
    assert api.log_in("alice").status_code == 200


def test_an_unknown_challenge_is_like_an_old_one(api, db):
    for challenge in ("x", "x" * 64, "\u202e", "'; DROP TABLE"):
        assert api.verify(challenge, "000000").json()["code"] == "challenge_expired"
        assert api.resend(challenge).json()["code"] == "challenge_expired"


@pytest.mark.parametrize("typed", ["123 456", " 123456 ", "１２３４５６"])
def test_a_code_may_be_typed_as_people_type(api, alice, monkeypatch, typed):
    monkeypatch.setattr("accounts.jobs.new_code", lambda: "123456")
    challenge, _ = asked(api)
    assert api.verify(challenge, typed).status_code == 200


def test_a_challenge_of_someone_switched_off_opens_nothing(api, alice):
    challenge, code = asked(api)
    User.objects.filter(pk=alice.user.pk).update(is_active=False)
    assert api.verify(challenge, code).status_code == 400


def test_a_code_is_not_sent_twice_by_a_job_that_came_late(api, alice, clock):
    """A retried job of an older send must not replace the code of the newer one."""
    challenge = api.log_in("alice").json()["challenge"]
    clock.forward(seconds=60)
    challenges.resend(challenge_id=challenge)
    code = code_mailed_to("alice@example.org")
    send_code.call(challenge_id=challenge, send=1)
    assert api.verify(challenge, code).status_code == 200
