"""What is written down of an account's security, and who reads it."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import jobs
from accounts.models import SecurityEvent
from tests.accounts.conftest import (
    PASSWORD,
    Api,
    another_device,
    bearer,
    code_mailed_to,
    run_jobs,
    wrong,
)

pytestmark = pytest.mark.django_db


def log_of(person):
    """What the person reads, oldest first."""
    run_jobs()
    return person.client.get("accounts/me/audit/?limit=200").json()["results"][::-1]


def kinds(person):
    return [entry["kind"] for entry in log_of(person)]


def test_what_happens_to_an_account_is_written_down(api, alice):
    """S93: who, what, when and from where."""
    api.log_in("alice", "wrong password")
    challenge = api.log_in("alice").json()["challenge"]
    api.verify(challenge, wrong(code_mailed_to("alice@example.org")))
    laptop = another_device(alice, "Alice's laptop")
    alice.client.delete(f"accounts/sessions/{laptop.session}/")
    tablet = another_device(alice)
    tablet.client.post("accounts/logout/")
    assert kinds(alice) == [
        "registered",
        "logged_in",
        "login_failed",
        "code_failed",
        "logged_in",
        "session_ended",
        "logged_in",
        "logged_out",
    ]
    login = log_of(alice)[4]
    assert set(login) == {"id", "kind", "at", "address", "session", "detail"}
    assert (login["address"], login["session"], login["detail"]) == ("127.0.0.1", laptop.session, "Alice's laptop")
    assert {entry["address"] for entry in log_of(alice)} == {"127.0.0.1"}
    assert log_of(alice)[3]["detail"] == "login"


def test_a_stolen_refresh_token_is_written_down(api, alice):
    other = another_device(alice)
    second = api.refresh(other.tokens["refresh"]).json()
    api.refresh(second["refresh"])
    api.refresh(other.tokens["refresh"])
    entry = log_of(alice)[-1]
    assert (entry["kind"], entry["session"]) == ("refresh_reused", other.session)


def test_logging_out_everywhere_is_one_entry(api, alice):
    another_device(alice)
    alice.client.post("accounts/logout/all/")
    assert kinds(another_device(alice))[-2:] == ["logged_out_everywhere", "logged_in"]


def test_an_entry_cannot_be_changed_or_removed(alice):
    """S93: not by our own code, and no statement changes it."""
    entry = SecurityEvent.objects.filter(user=alice.user).first()
    entry.kind = "logged_out"
    for change in (
        entry.save,
        entry.delete,
        lambda: SecurityEvent.objects.filter(pk=entry.pk).update(kind="logged_out"),
        SecurityEvent.objects.all().delete,
    ):
        with pytest.raises(TypeError):
            change()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_securityevent SET kind = 'logged_out'")
    assert kinds(alice) == ["registered", "logged_in"]


def test_entries_are_forgotten_in_time(alice, clock, settings):
    """S99."""
    settings.AUDIT_DAYS = 30
    clock.forward(days=29)
    jobs.prune()
    assert SecurityEvent.objects.count() == 2
    clock.forward(days=2)
    jobs.prune()
    assert not SecurityEvent.objects.exists()


def test_a_failed_try_costs_the_same_work_for_unknown_people(api, alice):
    """S2, S93: the same statements, and no trace of who is not there."""
    statements = []
    for login in ("alice@example.org", "nobody@example.org"):
        with CaptureQueriesContext(connection) as seen:
            assert api.log_in(login, "wrong password").status_code == 401
        statements.append([query["sql"].split(" ")[0] for query in seen])
    assert statements[0] == statements[1]
    run_jobs()
    assert SecurityEvent.objects.filter(kind="login_failed").count() == 1


def test_a_failed_registration_code_is_in_nobodys_log(api, alice):
    """A stranger who registers with Alice's address must not fill her log."""
    challenge = api.register("mallory", email="alice@example.org").json()["challenge"]
    api.verify(challenge, "000000")
    assert kinds(alice) == ["registered", "logged_in"]


def test_no_secret_is_in_the_log(api, alice):
    """S20, S93."""
    challenge = api.log_in("alice").json()["challenge"]
    code = code_mailed_to("alice@example.org")
    api.verify(challenge, wrong(code))
    tokens = api.verify(challenge, code).json()
    run_jobs()
    dump = repr(list(SecurityEvent.objects.values_list()))
    for secret in (code, wrong(code), PASSWORD, challenge, tokens["access"], tokens["refresh"]):
        assert secret not in dump


def test_mallory_sees_her_own_only(alice, mallory):
    """S42."""
    assert kinds(mallory) == ["registered", "logged_in"]
    assert {entry["session"] for entry in log_of(mallory)} == {None, mallory.session}
    for client in (Api(), bearer("nonsense")):
        assert client.get("accounts/me/audit/").status_code == 401
    for method in ("post", "put", "patch", "delete"):
        assert getattr(mallory.client, method)("accounts/me/audit/").status_code == 405


def test_the_log_comes_in_pages_newest_first(alice, django_assert_num_queries):
    for _ in range(3):
        another_device(alice)
    kinds(alice)
    seen, path = [], "accounts/me/audit/?limit=2"
    while path:
        with django_assert_num_queries(2):
            page = alice.client.get(path).json()
        seen += [entry["id"] for entry in page["results"]]
        path = page["next"]
    assert len(seen) == len(set(seen)) == 5
    assert seen == [str(pk) for pk in SecurityEvent.objects.order_by("-at").values_list("pk", flat=True)]
    assert alice.client.get("accounts/me/audit/?limit=0").json()["code"] == "invalid_input"
