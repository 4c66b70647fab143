"""After a restored backup one command makes every client begin anew."""

from io import StringIO

import pytest
from django.core.management import call_command

from conversations.models import Epoch
from tests.people import said

pytestmark = pytest.mark.django_db


def renewed() -> tuple[str, str]:
    """The epoch that the command names, and all it says."""
    output = StringIO()
    call_command("renew_epoch", stdout=output)
    text = output.getvalue()
    return text.split()[3].rstrip("."), text


def test_clients_take_their_rooms_anew(alice, bob, room):
    said(alice, room, "1")
    known = bob.client.changes(room)["epoch"]
    epoch, text = renewed()
    assert epoch != known
    assert "Clients will take their rooms anew" in text
    assert bob.client.changes(room, epoch=known) == {"epoch": epoch, "reset": True}
    assert bob.client.sync()["epoch"] == epoch


def test_each_call_begins_another_one():
    assert renewed()[0] != renewed()[0]
    assert Epoch.objects.count() == 1
