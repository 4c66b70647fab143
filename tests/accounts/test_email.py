"""Changing the address, and taking the change back (S16, S18)."""

import re

import pytest
from django.core import mail
from django.core.signing import Signer
from django_tasks_db.models import DBTaskResult

from accounts import jobs
from accounts.models import EmailChange, User
from tests.accounts.conftest import (
    PASSWORD,
    Api,
    another_device,
    code_mailed_to,
    in_parallel,
    person,
    run_jobs,
    wrong,
)

pytestmark = pytest.mark.django_db

NEW = "alice@example.com"


def ask(person, email=NEW, password=PASSWORD):
    return person.client.post("accounts/me/email/", {"email": email, "password": password}, format="json")


def prove(person, challenge, code):
    body = {"challenge": challenge, "code": code}
    return person.client.post("accounts/me/email/verify/", body, format="json")


def undo(token):
    return Api().post("accounts/me/email/undo/", {"token": token}, format="json")


def change(person, email=NEW):
    challenge = ask(person, email).json()["challenge"]
    answer = prove(person, challenge, code_mailed_to(email))
    assert answer.status_code == 200, answer.json()
    return answer.json()


def link_mailed_to(address):
    run_jobs()
    texts = [str(message.body) for message in mail.outbox if address in message.to]
    return re.findall(r"^http\S+$", texts[-1], re.MULTILINE)[0]


def token_mailed_to(address):
    return link_mailed_to(address).partition("#")[2]


def mails():
    run_jobs()
    return sorted((message.to[0], message.subject) for message in mail.outbox)


def test_alice_changes_her_address(api, alice, published):
    """S16: password and code; both mailboxes are told, her devices show it, and it is her login name."""
    challenge = ask(alice).json()
    assert challenge["sent_to"] == "a***@example.com"
    assert alice.client.get("accounts/me/").json()["email"] == "alice@example.org"
    code = code_mailed_to(NEW)
    mail.outbox.clear()
    answer = prove(alice, challenge["challenge"], code)
    assert (answer.status_code, answer.json()["email"], answer.json()["rev"]) == (200, NEW, 1)
    assert answer.json() == alice.client.get("accounts/me/").json()
    assert [(event.topic, event.rev) for event in published] == [(alice.user.topic, 1)]
    told = "The address of your account was changed"
    assert mails() == [(NEW, told), ("alice@example.org", told)]
    assert (api.log_in("alice@example.org").status_code, api.log_in(NEW).status_code) == (401, 200)


def test_what_a_change_needs(api, alice):
    """S16: Mallory holds Alice's unlocked phone."""
    answer = ask(alice, password="wrong password")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_password")
    assert ask(alice, "alice@example.org").json()["errors"][0]["code"] == "unchanged"
    challenge = ask(alice).json()["challenge"]
    assert prove(alice, challenge, wrong(code_mailed_to(NEW))).json()["attempts_left"] == 4
    assert alice.client.get("accounts/me/").json()["email"] == "alice@example.org"
    for body, code in (
        ({"email": NEW}, "invalid_input"),
        ({"email": "x", "password": PASSWORD}, "invalid_input"),
        ({"email": NEW, "password": PASSWORD, "username": "x"}, "unknown_field"),
    ):
        assert alice.client.post("accounts/me/email/", body, format="json").json()["code"] == code
    for path in ("accounts/me/email/", "accounts/me/email/verify/"):
        assert api.post(path, {}, format="json").status_code == 401


def test_mallory_cannot_prove_what_alice_asked_for(alice, mallory):
    """S9: not even with the right code; nor does a code of a login change an address."""
    challenge = ask(alice).json()["challenge"]
    assert prove(mallory, challenge, code_mailed_to(NEW)).json()["code"] == "challenge_expired"
    login = Api().log_in("mallory").json()["challenge"]
    assert prove(mallory, login, code_mailed_to("mallory@example.org")).json()["code"] == "challenge_expired"
    assert User.objects.get(pk=mallory.user.pk).email == "mallory@example.org"


def test_an_address_with_an_account_is_answered_alike(alice, bob):
    """S1, S3: Mallory cannot find out by it who has an account; Bob is told, and no code is sent."""
    mail.outbox.clear()
    free, taken = ask(alice, "alone@example.org"), ask(alice, "bob@example.org")
    assert free.status_code == taken.status_code == 200
    assert set(free.json()) == set(taken.json())
    assert mails() == [("bob@example.org", "Somebody tried to use your address")]
    assert prove(alice, taken.json()["challenge"], "00000x").json()["code"] == "invalid_code"


def test_a_second_request_voids_the_first(alice):
    first = ask(alice, "one@example.org").json()["challenge"]
    code = code_mailed_to("one@example.org")
    ask(alice, "two@example.org")
    assert prove(alice, first, code).json()["code"] == "challenge_expired"


@pytest.mark.django_db(transaction=True)
def test_an_address_that_two_prove_at_once_is_ones(alice, bob):
    """S4: the database decides."""
    people = [alice, bob]
    asked = []
    for someone in people:
        challenge = ask(someone, "wanted@example.org").json()["challenge"]
        asked.append((someone, challenge, code_mailed_to("wanted@example.org")))
    answers = in_parallel(2, lambda which: prove(*asked[which]))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {"challenge_expired"}
    assert User.objects.filter(email="wanted@example.org").count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_right_codes_at_once_change_it_once(alice):
    """S8. (A code has five tries.)"""
    challenge = ask(alice).json()["challenge"]
    code = code_mailed_to(NEW)
    statuses = [answer.status_code for answer in in_parallel(20, lambda _: prove(alice, challenge, code))]
    assert statuses.count(200) == 1
    assert EmailChange.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_profile_and_address_changed_at_once(alice):
    """Both take the user's row before the counter, so neither waits for the other in a circle."""
    for number in range(5):
        email = f"alice{number}@example.com"
        challenge = ask(alice, email).json()["challenge"]
        code = code_mailed_to(email)
        calls = [
            lambda c=challenge, k=code: prove(alice, c, k),
            *[lambda n=n: alice.client.patch_me(about=f"{n}") for n in range(5)],
        ]
        answers = in_parallel(6, lambda which, calls=calls: calls[which]())
        assert {answer.status_code for answer in answers} == {200}
    assert alice.client.get("accounts/me/").json()["email"] == "alice4@example.com"


def test_codes_to_the_old_mailbox_are_void(api, alice):
    """Whoever reads the old mailbox does not get in by a code from before."""
    login = api.log_in("alice").json()["challenge"]
    code = code_mailed_to("alice@example.org")
    change(alice)
    assert api.verify(login, code).json()["code"] == "challenge_expired"


# The way back


def test_alice_takes_back_what_mallory_did(api, alice, closed_sessions):
    """S16: Mallory knows the password and has the phone. The old mailbox gets the account back, without a login."""
    change(alice, "mallory@example.org")
    thief = another_device(alice_at("mallory@example.org", alice))
    token = token_mailed_to("alice@example.org")
    assert undo(token).status_code == 204
    assert sorted(closed_sessions) == sorted([alice.session, thief.session])
    assert thief.client.get("accounts/me/").json()["code"] == "session_ended"
    assert api.log_in("mallory@example.org").status_code == 401
    assert api.log_in("alice@example.org").status_code == 200
    assert ("alice@example.org", "Your account has its old address again") in mails()


def alice_at(email, alice):
    alice.user.email = email
    return alice


def test_the_link_is_good_once(alice):
    change(alice)
    token = token_mailed_to("alice@example.org")
    assert undo(token).status_code == 204
    again = undo(token)
    assert (again.status_code, again.json()["code"]) == (400, "link_expired")


@pytest.mark.django_db(transaction=True)
def test_twenty_clicks_at_once_undo_it_once(alice):
    """S8: one winner, and nothing is undone twice."""
    change(alice)
    token = token_mailed_to("alice@example.org")
    answers = in_parallel(20, lambda _: undo(token))
    assert [answer.status_code for answer in answers].count(204) == 1
    assert User.objects.get(pk=alice.user.pk).me_rev == 2


def test_the_link_lives_for_seven_days(alice, clock):
    change(alice)
    token = token_mailed_to("alice@example.org")
    row = EmailChange.objects.get()
    clock.forward(days=7, seconds=1)
    jobs.prune()
    assert not EmailChange.objects.exists()
    row.save(force_insert=True)
    assert undo(token).json()["code"] == "link_expired"


def test_the_first_link_undoes_what_followed_and_its_links(alice, clock):
    """Mallory moves the account twice: the oldest mailbox wins, and her own link is worth nothing then."""
    change(alice, "mallory@example.org")
    first = token_mailed_to("alice@example.org")
    clock.forward(minutes=1)
    change(alice, "mallory@example.com")
    second = token_mailed_to("mallory@example.org")
    assert undo(first).status_code == 204
    assert undo(second).json()["code"] == "link_expired"
    assert User.objects.get(pk=alice.user.pk).email == "alice@example.org"


def test_an_old_address_with_a_new_account_is_not_taken_from_it(alice):
    change(alice)
    token = token_mailed_to("alice@example.org")
    person("carol", email="alice@example.org")
    assert undo(token).json()["code"] == "link_expired"
    assert User.objects.get(pk=alice.user.pk).email == NEW


def test_forged_tokens(alice, bob):
    """S18, S21: only what this server signed for this purpose."""
    change(alice)
    token = token_mailed_to("alice@example.org")
    made, _, signature = token.partition(".")
    forged = [
        "x",
        ".",
        made,
        f"{made}.",
        f"{made}.{signature[:-1]}",
        f"{bob.user.pk}.{signature}",
        f"{made.upper()}.{signature}",
        Signer(salt="another", sep=".").sign(made),
        Signer(salt="accounts.undo_email", sep=".").sign("not an id"),
        Signer(salt="accounts.undo_email", sep=".").sign(str(bob.user.pk)),
        "\u202e" * 20,
    ]
    for wrong_one in forged:
        answer = undo(wrong_one)
        assert (answer.status_code, answer.json()["code"]) == (400, "link_expired"), wrong_one
    for body, code in (
        ({}, "invalid_input"),
        ({"token": "x" * 201}, "invalid_input"),
        ({"token": {}}, "invalid_input"),
    ):
        assert Api().post("accounts/me/email/undo/", body, format="json").json()["code"] == code
    assert undo(token).status_code == 204


def test_the_link_leads_to_the_configured_base_only(alice, settings):
    """S18: whatever Host the request named; and its token is behind the `#`, which no log ever sees."""
    settings.PUBLIC_URL = "https://chat.example.org"
    client = alice.client
    client.defaults["HTTP_HOST"] = "evil.example"
    challenge = client.post("accounts/me/email/", {"email": NEW, "password": PASSWORD}, format="json").json()
    client.post(
        "accounts/me/email/verify/",
        {"challenge": challenge["challenge"], "code": code_mailed_to(NEW)},
        format="json",
    )
    assert link_mailed_to("alice@example.org").startswith("https://chat.example.org/account/undo-email/#")
    for message in mail.outbox:
        assert "evil.example" not in message.body + message.alternatives[0].content


def test_no_row_and_no_job_holds_the_token(alice):
    change(alice)
    token = token_mailed_to("alice@example.org")
    held = repr([*DBTaskResult.objects.values_list(), *EmailChange.objects.values_list()])
    assert token.partition(".")[2] not in held


def test_the_page_of_the_link_does_nothing_by_itself(api, alice):
    """Programs that look through mail open links: the page only asks."""
    change(alice)
    page = api.get("/account/undo-email/")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text
    assert api.get("/static/accounts/undo_email.js").status_code == 200
    assert api.post("/account/undo-email/").status_code == 405
    assert User.objects.get(pk=alice.user.pk).email == NEW
