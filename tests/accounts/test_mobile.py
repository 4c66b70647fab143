"""The mobile number: proven, then a login name."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from django.core import mail
from django.core.checks import run_checks

from accounts import sms
from accounts.identifiers import canonical_number
from accounts.models import SecurityEvent, User
from tests.accounts.conftest import PASSWORD, Api, code_mailed_to, in_parallel, run_jobs, wrong

pytestmark = pytest.mark.django_db

NUMBER = "+4915112345678"


def ask(person, number=NUMBER, password=PASSWORD):
    body = {"mobile_number": number, "password": password}
    return person.client.post("accounts/me/mobile/", body, format="json")


def prove(person, challenge, code):
    body = {"challenge": challenge, "code": code}
    return person.client.post("accounts/me/mobile/verify/", body, format="json")


@pytest.fixture
def texts(settings, monkeypatch):
    """What went out by SMS."""
    settings.SMS_BACKEND = "console"
    sent = []
    monkeypatch.setattr(sms.Console, "send", lambda _, to, text: sent.append((to, text)))
    return sent


def code_texted(texts):
    run_jobs()
    return re.findall(r"\b\d{6}\b", texts[-1][1])[0]


def test_alice_proves_her_number(api, alice, texts, published):
    """S4: by SMS; then she logs in with it, however she writes it, and her devices show it."""
    mail.outbox.clear()
    challenge = ask(alice).json()
    assert (challenge["method"], challenge["sent_to"]) == ("sms", "+49***78")
    assert api.log_in(NUMBER).status_code == 401
    answer = prove(alice, challenge["challenge"], code_texted(texts))
    assert (answer.status_code, answer.json()["mobile_number"], answer.json()["rev"]) == (200, NUMBER, 1)
    assert [to for to, _ in texts] == [NUMBER]
    assert [(event.topic, event.rev) for event in published] == [(alice.user.topic, 1)]
    run_jobs()
    assert [message.subject for message in mail.outbox] == ["The mobile number of your account was changed"]
    for login in (NUMBER, "+49 151 12345678", "+49 (0)151-1234 5678"):
        assert api.log_in(login).status_code == 200, login
    assert SecurityEvent.objects.get(kind="mobile_changed").detail == "+49***78"


def test_without_sms_the_code_goes_by_mail(alice):
    challenge = ask(alice).json()
    assert (challenge["method"], challenge["sent_to"]) == ("email", "a***@example.org")
    assert prove(alice, challenge["challenge"], code_mailed_to("alice@example.org")).status_code == 200


def test_what_a_change_needs(api, alice, texts):
    """S16."""
    assert ask(alice, password="wrong password").json()["code"] == "invalid_password"
    challenge = ask(alice).json()["challenge"]
    code = code_texted(texts)
    assert prove(alice, challenge, wrong(code)).json()["attempts_left"] == 4
    assert prove(alice, challenge, code).status_code == 200
    assert ask(alice).json()["errors"][0]["code"] == "unchanged"
    for path in ("accounts/me/mobile/", "accounts/me/mobile/verify/"):
        assert api.post(path, {}, format="json").status_code == 401


@pytest.mark.parametrize(
    "number",
    ["", "015112345678", "+49", "+491", "+999123456789", "+49 x151", "+1234567890123456", None, 49, ["+"]],
)
def test_numbers_that_are_none(alice, number):
    answer = ask(alice, number)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_a_number_has_one_form():
    assert canonical_number("+49015112345678") == canonical_number("+49 151 1234-5678") == NUMBER


def test_mallory_cannot_prove_what_alice_asked_for(alice, mallory, texts):
    """S9: nor does the code of another purpose set a number."""
    challenge = ask(alice).json()["challenge"]
    assert prove(mallory, challenge, code_texted(texts)).json()["code"] == "challenge_expired"
    login = Api().log_in("mallory").json()["challenge"]
    assert prove(mallory, login, code_mailed_to("mallory@example.org")).json()["code"] == "challenge_expired"


def test_a_number_with_an_owner_is_answered_alike(alice, mallory, texts):
    """S1, S3: Mallory learns nothing; the owner is told, and no code is sent."""
    prove(alice, ask(alice).json()["challenge"], code_texted(texts))
    texts.clear()
    mail.outbox.clear()
    answer = ask(mallory)
    assert (answer.status_code, answer.json()["sent_to"]) == (200, "+49***78")
    run_jobs()
    assert texts == []
    assert ("alice@example.org", "Somebody tried to use your address") in [
        (message.to[0], message.subject) for message in mail.outbox
    ]
    assert prove(mallory, answer.json()["challenge"], "00000x").json()["code"] == "invalid_code"


@pytest.mark.django_db(transaction=True)
def test_a_number_that_two_prove_at_once_is_ones(alice, bob, texts):
    """S4: the database decides."""
    asked = []
    for someone in (alice, bob):
        challenge = ask(someone).json()["challenge"]
        asked.append((someone, challenge, code_texted(texts)))
    answers = in_parallel(2, lambda which: prove(*asked[which]))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    assert User.objects.filter(mobile_number=NUMBER, mobile_verified_at__isnull=False).count() == 1


def test_messages_cost_money_so_they_are_counted(alice, texts):
    """S71."""
    numbers = [f"+49151123456{number}" for number in range(10, 21)]
    assert [ask(alice, number).status_code for number in numbers] == [200] * 10 + [429]


# The backend that posts


class Provider(BaseHTTPRequestHandler):
    status = 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body.decode()))
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        return


@pytest.fixture
def provider(settings):
    server = HTTPServer(("127.0.0.1", 0), Provider)
    server.got = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.SMS_BACKEND, settings.SMS_TOKEN = "http", "secret"
    settings.SMS_URL = f"http://127.0.0.1:{server.server_port}/send"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_any_provider_that_takes_a_post(provider, settings):
    settings.SMS_FIELDS = ["from=Chat"]
    sms.send(to=NUMBER, text="Hello")
    settings.SMS_FORMAT, settings.SMS_TO_FIELD, settings.SMS_TEXT_FIELD = "form", "To", "Body"
    sms.send(to=NUMBER, text="Hello & bye")
    (_, headers, first), (_, _, second) = provider.got
    assert headers["Authorization"] == "Bearer secret"
    assert json.loads(first) == {"from": "Chat", "to": NUMBER, "text": "Hello"}
    assert parse_qs(second) == {"from": ["Chat"], "To": [NUMBER], "Body": ["Hello & bye"]}


@pytest.mark.parametrize("status", [302, 307, 400, 503])
def test_the_http_backend_follows_no_redirect(provider, monkeypatch, status):
    """Neither token nor code goes where nobody configured; whatever is not a success is tried again by the job."""
    monkeypatch.setattr(Provider, "status", status)
    with pytest.raises(OSError, match=str(status)):
        sms.send(to=NUMBER, text="Hello")
    assert len(provider.got) == 1


def test_a_code_arrives_when_the_provider_is_back(alice, provider, monkeypatch, clock):
    """N13: as with mail."""
    monkeypatch.setattr(Provider, "status", 503)
    challenge = ask(alice).json()["challenge"]
    run_jobs()
    monkeypatch.setattr(Provider, "status", 200)
    clock.forward(seconds=5)
    run_jobs()
    code = re.findall(r"\b\d{6}\b", provider.got[-1][2])[0]
    assert prove(alice, challenge, code).status_code == 200


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"SMS_BACKEND": "pigeon"}, "accounts.E003"),
        ({"SMS_BACKEND": "console", "DEBUG": False}, "accounts.E004"),
        ({"SMS_BACKEND": "http", "SMS_URL": "http://sms.example.org/"}, "accounts.E005"),
        ({"SMS_BACKEND": "http", "SMS_URL": ""}, "accounts.E005"),
        ({"SMS_BACKEND": "http", "SMS_URL": "https://sms.example.org/", "SMS_FORMAT": "xml"}, "accounts.E005"),
        ({"SMS_BACKEND": "http", "SMS_URL": "https://sms.example.org/", "SMS_FIELDS": ["x"]}, "accounts.E005"),
        ({"SMS_BACKEND": "http", "SMS_URL": "https://sms.example.org/"}, None),
        ({"SMS_BACKEND": ""}, None),
    ],
)
def test_an_impossible_configuration_does_not_start(settings, given, fault):
    """S83."""
    for name, value in given.items():
        setattr(settings, name, value)
    found = {message.id for message in run_checks(tags=["security"])}
    assert {one for one in found if one in {"accounts.E003", "accounts.E004", "accounts.E005"}} == ({fault} - {None})


def test_the_console_shows_the_message(settings, capsys):
    settings.SMS_BACKEND = "console"
    sms.send(to=NUMBER, text="Hello")
    assert f"SMS to {NUMBER}\nHello" in capsys.readouterr().out
