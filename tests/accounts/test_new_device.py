"""Mail about logins from somewhere new (S38)."""

import pytest
from django.core import mail

from accounts.devices import block_of
from accounts.models import User
from tests.accounts.conftest import Api, another_device, code_mailed_to, run_jobs

pytestmark = pytest.mark.django_db

SUBJECT = "A new login to your account"


def notices():
    """The mails so far, which are then forgotten."""
    run_jobs()
    found = [message for message in mail.outbox if message.subject == SUBJECT]
    mail.outbox.clear()
    return found


def log_in_from(address, device_name="laptop"):
    challenge = Api(REMOTE_ADDR=address).log_in("alice").json()["challenge"]
    code = code_mailed_to("alice@example.org")
    assert Api(REMOTE_ADDR=address).verify(challenge, code, device_name=device_name).status_code == 200


def test_a_registration_is_no_news(alice):
    assert notices() == []


def test_a_new_device_is_told_by_mail(alice):
    """Once; the same device at the same place is known from then on."""
    another_device(alice, "laptop")
    (message,) = notices()
    assert message.to == ["alice@example.org"]
    assert "Device: laptop\nAddress: 127.0.0.1\nTime: " in message.body
    another_device(alice, "laptop")
    assert notices() == []


def test_a_known_device_elsewhere_is_told_too(alice):
    """Mallory calls her device as Alice calls hers; or she sits in the same café."""
    log_in_from("127.0.0.1")
    notices()
    log_in_from("203.0.113.7")
    assert "Address: 203.0.113.7" in notices()[0].body
    log_in_from("203.0.113.200")
    assert notices() == []
    log_in_from("203.0.113.7", "another")
    assert len(notices()) == 1


def test_an_ended_session_is_remembered(alice):
    another_device(alice, "laptop").client.post("accounts/logout/")
    notices()
    another_device(alice, "laptop")
    assert notices() == []


def test_the_notice_goes_where_the_login_was_proven(alice):
    """Mallory logs in and moves the account to her mailbox at once: the notice still reaches Alice."""
    another_device(alice)
    User.objects.filter(pk=alice.user.pk).update(email="mallory@example.org")
    assert [message.to for message in notices()] == [["alice@example.org"]]


def test_what_people_call_a_device_is_no_markup(alice):
    """In the text it stands as it is, in the page it is escaped."""
    another_device(alice, "<a href='https://evil.example'>Alice's</a>")
    (message,) = notices()
    page = message.alternatives[0].content
    assert "Device: <a href='https://evil.example'>Alice's</a>" in message.body
    assert "<a href='https://evil" not in page
    assert "&lt;a href=" in page


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        (None, ""),
    ],
)
def test_blocks(address, block):
    assert block_of(address) == block
