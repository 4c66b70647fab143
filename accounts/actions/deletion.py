"""Deleting an account: asked for, waited out, and then done (S98).

Switched off at once and erased after a grace period; a login in between keeps it. What is erased leaves a person
without a name behind: messages stay where they are, and so do the numbers of their rooms.
"""

import datetime as dt
from uuid import UUID

from django.conf import settings

from accounts import audit, jobs
from accounts.actions import challenges, passwords, sessions
from accounts.actions.email import locked
from accounts.errors import ChallengeExpired
from accounts.models import Challenge, Session, User
from chatapi import times
from chatapi.transactions import write_transaction


def request(*, user: User, session_id: UUID, password: str) -> Challenge:
    """A challenge for the account's address. Raises RateLimited, and what `passwords.check_current` raises."""
    passwords.check_current(user=user, session_id=session_id, password=password)
    with write_transaction():
        challenges.void_all(user, purpose=Challenge.Purpose.DELETE)
        return challenges.issue(purpose=Challenge.Purpose.DELETE, address=user.email, user=user)


def confirm(*, user: User, session_id: UUID, challenge_id: str, code: str) -> None:
    """Switches the account off: all sessions end, nobody finds it or writes to it; erased after DELETION_DAYS days.

    Raises InvalidCode and ChallengeExpired.
    """
    challenge = challenges.prove(challenge_id=challenge_id, code=code, purposes=[Challenge.Purpose.DELETE], user=user)
    with write_transaction():
        fresh = locked(user.pk)
        challenges.use(challenge)
        fresh.is_active, fresh.erase_at = False, times.now() + dt.timedelta(days=settings.DELETION_DAYS)
        fresh.save(update_fields=["is_active", "erase_at"])
        challenges.void_all(fresh)
        sessions.end_all(user=fresh, reason=Session.EndReason.DELETED)
        audit.record(fresh.pk, audit.Kind.DELETION_REQUESTED, session_id=session_id)
        jobs.send_notice.enqueue(user_id=str(fresh.pk), notice="deletion_requested", to=fresh.email)


def keep(user_id: UUID) -> User:
    """The account of somebody who logs in within the grace period, switched on again; in the login's transaction.

    Raises ChallengeExpired where it was erased just before: the row's lock decides between the two.
    """
    user = locked(user_id)
    if user.erase_at is None and not user.is_active:
        raise ChallengeExpired
    if user.erase_at is not None:
        user.is_active, user.erase_at = True, None
        user.save(update_fields=["is_active", "erase_at"])
        audit.record(user.pk, audit.Kind.DELETION_CANCELLED)
        jobs.send_notice.enqueue(user_id=str(user.pk), notice="deletion_cancelled", to=user.email)
    return user
