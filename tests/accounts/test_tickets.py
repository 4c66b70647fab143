"""Tickets for sockets."""

import pytest

from accounts import tickets
from accounts.errors import InvalidToken, SessionEnded
from accounts.models import WsTicket
from tests.accounts.conftest import in_parallel

pytestmark = pytest.mark.django_db


def ticket_of(person):
    return person.client.post("accounts/ws-ticket/").json()["ticket"]


def test_a_ticket_is_its_users_and_good_once(alice):
    """S27."""
    answer = alice.client.post("accounts/ws-ticket/").json()
    assert set(answer) == {"ticket", "expires_at"}
    principal = tickets.redeem(answer["ticket"])
    assert (principal.user.pk, str(principal.session_id)) == (alice.user.pk, alice.session)
    with pytest.raises(InvalidToken):
        tickets.redeem(answer["ticket"])


def test_a_ticket_lives_for_a_minute(alice, clock):
    """S27."""
    stale = ticket_of(alice)
    clock.forward(seconds=60)
    with pytest.raises(InvalidToken):
        tickets.redeem(stale)


@pytest.mark.django_db(transaction=True)
def test_fifty_redemptions_at_once_let_one_in(alice):
    """S27."""
    ticket = ticket_of(alice)

    def redeem(_):
        try:
            return bool(tickets.redeem(ticket))
        except InvalidToken:
            return False

    assert in_parallel(50, redeem).count(True) == 1


def test_a_ticket_dies_with_its_session(alice):
    """S35."""
    ticket = ticket_of(alice)
    alice.client.post("accounts/logout/")
    with pytest.raises(SessionEnded):
        tickets.redeem(ticket)


@pytest.mark.parametrize("ticket", ["", "x", "\u202e", "\udfff", "x" * 100_000])
def test_rubbish_is_no_ticket(db, ticket):
    with pytest.raises(InvalidToken):
        tickets.redeem(ticket)


def test_only_the_hash_is_stored(alice):
    ticket = ticket_of(alice)
    assert len(ticket) >= 22
    assert ticket not in str(WsTicket.objects.values_list())


def test_redeeming_costs_two_queries(alice, django_assert_num_queries):
    ticket = ticket_of(alice)
    with django_assert_num_queries(2):
        tickets.redeem(ticket)
