"""New tokens for old, lost answers, and stolen tokens."""

import pytest
from django.core import mail

from accounts.models import Session
from tests.accounts.conftest import Api, another_device, bearer, in_parallel, run_jobs

pytestmark = pytest.mark.django_db


def works(access):
    return bearer(access).get("accounts/me/").status_code == 200


def pair(answer):
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_alice_refreshes(api, alice):
    new = pair(api.refresh(alice.tokens["refresh"]))
    assert set(new) == {"access", "access_expires_at", "refresh", "refresh_expires_at", "session"}
    assert new["session"] == alice.session
    assert works(new["access"])
    assert new["refresh"] != alice.tokens["refresh"]
    assert works(alice.tokens["access"])  # it lives out its ten minutes


def test_a_lost_answer_is_given_again(api, alice, clock):
    """S32: as often as it takes, and also much later, as long as the new access token was not seen."""
    new = pair(api.refresh(alice.tokens["refresh"]))
    assert pair(api.refresh(alice.tokens["refresh"])) == new
    clock.forward(minutes=30)
    assert pair(api.refresh(alice.tokens["refresh"]))["refresh"] == new["refresh"]
    assert pair(api.refresh(new["refresh"]))["access"] != new["access"]


def test_an_answer_lost_for_hours_still_leads_back(api, alice, clock):
    """S32: the repeated pair's access token may be too old by then; its refresh token is not."""
    pair(api.refresh(alice.tokens["refresh"]))
    clock.forward(hours=5)
    late = pair(api.refresh(alice.tokens["refresh"]))
    newest = pair(api.refresh(late["refresh"]))
    assert works(newest["access"])


def test_within_a_minute_it_is_given_again_though_seen(api, alice, clock):
    """S32: two tabs with the same token."""
    new = pair(api.refresh(alice.tokens["refresh"]))
    assert works(new["access"])
    clock.forward(seconds=59)
    assert pair(api.refresh(alice.tokens["refresh"])) == new


def test_a_stolen_token_ends_the_session_and_its_owner_is_told(api, alice, clock, closed_sessions):
    """S31: everything of the session dies, its sockets close; other sessions live."""
    other = another_device(alice)
    new = pair(api.refresh(alice.tokens["refresh"]))
    assert works(new["access"])
    clock.forward(seconds=61)
    run_jobs()
    mail.outbox.clear()
    answer = api.refresh(alice.tokens["refresh"])
    assert (answer.status_code, answer.json()["code"], answer.json()["retry"]) == (401, "session_ended", "reauth")
    assert api.refresh(new["refresh"]).json()["code"] == "session_ended"
    assert bearer(new["access"]).get("accounts/me/").json()["code"] == "session_ended"
    assert Session.objects.get(pk=alice.session).end_reason == "reuse"
    assert closed_sessions == [alice.session]
    assert works(other.tokens["access"])
    run_jobs()
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["alice@example.org"], "One of your devices was logged out")
    ]


def test_two_generations_back_is_always_reuse(api, alice):
    """S32: third use."""
    second = pair(api.refresh(alice.tokens["refresh"]))
    pair(api.refresh(second["refresh"]))
    assert api.refresh(alice.tokens["refresh"]).json()["code"] == "session_ended"


@pytest.mark.django_db(transaction=True)
def test_twenty_refreshes_at_once_have_one_successor(alice):
    """S33."""
    answers = in_parallel(20, lambda _: Api().refresh(alice.tokens["refresh"]))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh"] for answer in answers}) == 1
    assert len({answer.json()["access"] for answer in answers}) == 1
    assert Session.objects.get(pk=alice.session).generation == 2


def test_an_unused_session_runs_out_after_fourteen_days(api, alice, clock):
    """S34."""
    clock.forward(days=13, hours=23)
    new = pair(api.refresh(alice.tokens["refresh"]))
    clock.forward(days=14, seconds=1)
    assert api.refresh(new["refresh"]).json()["code"] == "session_ended"


def test_a_busy_session_runs_out_after_ninety_days(api, alice, clock):
    """S34."""
    token = alice.tokens["refresh"]
    for _ in range(9):
        clock.forward(days=9.9)
        token = pair(api.refresh(token))["refresh"]
    clock.forward(days=1)
    assert api.refresh(token).json()["code"] == "session_ended"


def test_forged_refresh_tokens(api, alice, bob):
    """S21: every part is under the signature."""
    rt, kid, session, generation, mac = alice.tokens["refresh"].split(".")
    forged = [
        "",
        "rt",
        "rt....",
        f"rx.{kid}.{session}.{generation}.{mac}",
        f"{rt}.other.{session}.{generation}.{mac}",
        f"{rt}.{kid}.{bob.session}.{generation}.{mac}",
        f"{rt}.{kid}.{session}.2.{mac}",
        f"{rt}.{kid}.{session}.01.{mac}",
        f"{rt}.{kid}.{session}.-1.{mac}",
        f"{rt}.{kid}.{session}.{'9' * 30}.{mac}",
        f"{rt}.{kid}.{session.upper()}.{generation}.{mac}",
        f"{rt}.{kid}.{session}.{generation}.{mac[:-1]}",
        f"{rt}.{kid}.{session}.{generation}.{mac}=",
        f"{rt}.{kid}.{session}.{generation}.",
        f"{rt}.{kid}.{session}.²{generation}.{mac}",
        f"{rt}.{kid}.{session}.{generation}.ü{mac[1:]}",
    ]
    for token in forged:
        assert api.refresh(token).status_code in {400, 401}, token
        assert api.refresh(token).json()["code"] in {"invalid_token", "invalid_input"}, token
    assert pair(api.refresh(alice.tokens["refresh"]))


def test_someone_switched_off_cannot_refresh(api, alice):
    """S35."""
    type(alice.user).objects.filter(pk=alice.user.pk).update(is_active=False)
    assert api.refresh(alice.tokens["refresh"]).json()["code"] == "session_ended"
    assert bearer(alice.tokens["access"]).get("accounts/me/").json()["code"] == "session_ended"


def test_a_restored_older_database_logs_nobody_out(api, alice):
    """Tokens that are ahead of their session's row were still ours."""
    new = pair(api.refresh(alice.tokens["refresh"]))
    Session.objects.filter(pk=alice.session).update(generation=1)
    assert works(new["access"])
    newest = pair(api.refresh(new["refresh"]))
    assert newest["refresh"].split(".")[3] == "3"
