"""The mobile number: proven by a code, then a login name and a way to be found (S4, S9)."""

from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import audit, counters, events, jobs, sms
from accounts.actions import challenges, passwords
from accounts.actions.email import locked
from accounts.errors import ChallengeExpired
from accounts.identifiers import masked_number
from accounts.models import Challenge, User
from chatapi import times
from chatapi.errors import InvalidInput
from chatapi.throttling import limit
from chatapi.transactions import write_transaction


def request_change(*, user: User, session_id: UUID, mobile_number: str, password: str) -> Challenge:
    """A challenge for the number, by SMS where a backend is configured, else by mail to the account's own address.

    A number that somebody has proven is answered alike; its owner is told instead. Raises InvalidInput (`unchanged`),
    RateLimited, and what `passwords.check_current` raises.
    """
    if mobile_number == user.mobile_number and user.mobile_verified_at is not None:
        raise InvalidInput.field("mobile_number", "unchanged", "This is your number already.")
    passwords.check_current(user=user, session_id=session_id, password=password)
    by_sms = sms.is_configured()
    if by_sms:
        limit("sms", str(user.pk))
    with write_transaction():
        challenges.void_all(user, purpose=Challenge.Purpose.MOBILE)
        return challenges.issue(
            purpose=Challenge.Purpose.MOBILE,
            address=mobile_number if by_sms else user.email,
            method=Challenge.Method.SMS if by_sms else Challenge.Method.EMAIL,
            mobile_number=mobile_number,
            user=user,
        )


def change(*, user: User, session_id: UUID, challenge_id: str, code: str) -> User:
    """The user with the number, which is proven from now on; they are told by mail.

    Raises InvalidCode and ChallengeExpired, the latter also where somebody else proved the number meanwhile.
    """
    challenge = challenges.prove(challenge_id=challenge_id, code=code, purposes=[Challenge.Purpose.MOBILE], user=user)
    with write_transaction():
        fresh = locked(user.pk)
        challenges.use(challenge)
        _set_number(fresh, challenge.mobile_number)
        detail = masked_number(fresh.mobile_number)
        audit.record(fresh.pk, audit.Kind.MOBILE_CHANGED, session_id=session_id, detail=detail)
        jobs.send_notice.enqueue(user_id=str(fresh.pk), notice="mobile_changed", to=fresh.email)
    return fresh


def _set_number(user: User, mobile_number: str) -> None:
    user.me_rev = counters.next_me([user.pk])[user.pk]
    user.mobile_number, user.mobile_verified_at = mobile_number, times.now()
    try:
        with transaction.atomic():
            user.save(update_fields=["mobile_number", "mobile_verified_at", "me_rev"])
    except IntegrityError:
        raise ChallengeExpired from None
    events.profile_updated(user)
