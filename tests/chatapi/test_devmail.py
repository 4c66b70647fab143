"""A developer reads the mails of all processes on one page."""

import pytest
from django.core import mail

from chatapi import devmail

JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def mailbox(settings, tmp_path):
    settings.DEBUG, settings.DATA_DIR = True, tmp_path


def send(to, subject="Your code"):
    with mail.get_connection("chatapi.devmail.MailBackend") as connection:
        mail.EmailMessage(subject, "It is 123456.", to=[to], connection=connection).send()


def test_mails_are_listed_newest_first_and_printed(api, capsys):
    send("alice@example.org")
    send("bob@example.org", "Hello")
    results = api.get("/dev/mail/", headers=JSON).json()["results"]
    assert [(one["to"], one["subject"], one["text"]) for one in results] == [
        ("bob@example.org", "Hello", "It is 123456."),
        ("alice@example.org", "Your code", "It is 123456."),
    ]
    assert results[0]["at"].endswith("Z")
    assert "It is 123456." in capsys.readouterr().out


def test_one_address_can_be_asked_for(api):
    send("alice@example.org")
    send("malice@example.org")
    results = api.get("/dev/mail/?to=Alice@example.org", headers=JSON).json()["results"]
    assert [one["to"] for one in results] == ["alice@example.org"]


def test_browsers_get_a_page_that_runs_nothing(api):
    send("alice@example.org", "<script>alert(1)</script>")
    answer = api.get("/dev/mail/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert "&lt;script&gt;" in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]


def test_only_the_newest_are_kept(api, monkeypatch):
    monkeypatch.setattr(devmail, "KEPT", 3)
    for number in range(5):
        send("alice@example.org", str(number))
    results = api.get("/dev/mail/", headers=JSON).json()["results"]
    assert [one["subject"] for one in results] == ["4", "3", "2"]


OURS = [
    "localhost:8000",
    "chat.localhost",
    "127.0.0.1:8000",
    "[::1]:8000",
    "192.168.1.5",
    "chat.example.org",
    "dev.box",
]
FOREIGN = ["mallory.example", "localhost.mallory.example", "127.0.0.1.mallory.example", "mallory.example:8000"]


@pytest.mark.parametrize(("host", "status"), [(host, 200) for host in OURS] + [(host, 404) for host in FOREIGN])
def test_no_name_of_somebody_else_opens_it(api, settings, host, status):
    """A page of Mallory's, whose name she has pointed to this machine since, reads no codes (DNS rebinding)."""
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["*", "dev.box"], "https://chat.example.org"
    assert api.get("/dev/mail/", headers=JSON | {"Host": host}).status_code == status


def test_in_production_there_is_no_such_page(api, settings):
    settings.DEBUG = False
    assert api.get("/dev/mail/", headers=JSON).status_code == 404
