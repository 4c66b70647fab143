"""The password step."""

import re
from contextlib import ExitStack
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail

from accounts import hashing
from accounts.models import User
from tests.accounts.conftest import PASSWORD, Api, bearer, code_mailed_to, in_parallel, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("login", ["alice", "ALICE", " alice ", "alice@example.org", "Alice@EXAMPLE.org"])
def test_alice_logs_in_by_any_spelling_of_her_names(api, alice, login):
    answer = api.log_in(login)
    assert answer.status_code == 200
    assert set(answer.json()) == {"challenge", "method", "sent_to", "expires_at", "resend_at"}
    assert api.verify(answer.json()["challenge"], code_mailed_to("alice@example.org")).status_code == 200


def test_only_a_verified_number_is_a_login_name(api, clock):
    someone = person("alice", mobile_number="+4915112345678")
    assert api.log_in("+4915112345678").status_code == 401
    User.objects.filter(pk=someone.user.pk).update(mobile_verified_at=clock.moment)
    assert api.log_in("+4915112345678").status_code == 200


@pytest.mark.parametrize(
    "login", ["nobody", "nobody@example.org", "+4915100000000", "a" * 254, "@", "+", "x@xn--", "\u202e"]
)
def test_an_unknown_name_and_a_wrong_password_are_the_same(api, alice, login):
    """S1: one body for both, apart from the request's id."""
    unknown, wrong = api.log_in(login), api.log_in("alice", "wrong password")
    for answer in (unknown, wrong):
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert unknown.json() | {"request_id": ""} == wrong.json() | {"request_id": ""}
    assert unknown.json()["code"] == "invalid_credentials"


def test_an_unknown_name_costs_as_much_as_a_known_one(api, alice, settings):
    """S2: one run of the slow hash each."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    User.objects.update(password=make_password(PASSWORD))
    for login in ("alice", "nobody"):
        with patch("django.contrib.auth.hashers.pbkdf2", return_value=b"x") as slow:
            assert api.log_in(login, "wrong password").status_code == 401
        assert slow.call_count == 1


def test_someone_switched_off_cannot_log_in(api, alice):
    User.objects.update(is_active=False)
    assert api.log_in("alice").status_code == 401


def test_ten_failures_and_the_name_rests(api, alice):
    """S10: for known and unknown names alike; successes are not counted."""
    for login in ("alice", "nobody"):
        statuses = [api.log_in(login, "wrong password").status_code for _ in range(11)]
        assert statuses == [401] * 10 + [429]
    assert api.log_in("alice").status_code == 429
    assert api.log_in("alice@example.org").status_code == 200


def test_successes_are_not_counted(api, alice):
    assert [api.log_in("alice").status_code for _ in range(15)] == [200] * 15


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_guesses_is_counted_before_it_is_checked(alice):
    """S10: forty at once, ten evaluated."""
    answers = in_parallel(40, lambda _: Api().log_in("alice", "wrong password"))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (10, 30)


def test_who_gets_no_turn_to_hash_is_told_so(api, alice, settings, monkeypatch):
    """S1, S2: known or not; nothing was tried, so nothing counts as a failure."""
    monkeypatch.setattr(hashing, "WAIT_SECONDS", 0.01)
    with ExitStack() as all_turns:
        for _ in range(settings.PASSWORD_HASHES):
            all_turns.enter_context(hashing.hashing())
        busy = [api.log_in(login, "wrong password") for login in ["alice", "nobody"] * 10] + [api.register("carol")]
    bodies = [answer.json() | {"request_id": ""} for answer in busy]
    assert [answer.status_code for answer in busy] == [503] * 21
    assert all(body == bodies[0] for body in bodies)
    assert api.log_in("alice").status_code == 200


def test_a_challenge_opens_nothing_else(api, alice):
    """S13, S23: the intermediate handle is neither an access token nor a refresh token."""
    challenge = api.log_in("alice").json()["challenge"]
    assert bearer(challenge).get("accounts/me/").json()["code"] == "invalid_token"
    assert api.refresh(challenge).json()["code"] == "invalid_token"


def test_an_old_hash_is_renewed_at_login(api, alice, settings):
    """S15."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert User.objects.get().password.startswith("md5$")
    api.log_in("alice")
    assert User.objects.get().password.startswith("pbkdf2_sha256$")


def test_no_secret_reaches_the_logs(api, caplog):
    """S20: neither password nor code nor token, in a whole life from registration to refresh."""
    caplog.set_level("DEBUG")
    alice = person("alice", password="marker-of-the-password")
    alice.client.get("accounts/me/")
    refreshed = api.refresh(alice.tokens["refresh"]).json()
    log = caplog.text
    for secret in ("marker-of-the-password", alice.tokens["access"], alice.tokens["refresh"], refreshed["access"]):
        assert secret not in log
    code = re.findall(r"\b\d{6}\b", mail.outbox[0].body)[0]
    assert not re.search(rf"\b{code}\b", log)
