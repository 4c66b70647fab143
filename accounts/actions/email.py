"""Changing the address: the new mailbox proves itself, the old one can take it back (S16, S18)."""

from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import audit, counters, events, jobs
from accounts.actions import challenges, passwords, sessions
from accounts.errors import ChallengeExpired, LinkExpired
from accounts.identifiers import masked_email
from accounts.models import Challenge, EmailChange, Session, User
from accounts.undo_links import change_of
from chatapi import times
from chatapi.errors import InvalidInput
from chatapi.transactions import write_transaction


def request_change(*, user: User, session_id: UUID, email: str, password: str) -> Challenge:
    """A challenge for the new address; an earlier one of the user's for another address is void.

    An address that has an account is answered alike; its owner is told instead. Raises InvalidInput (`unchanged`),
    RateLimited, and what `passwords.check_current` raises.
    """
    if email == user.email:
        raise InvalidInput.field("email", "unchanged", "This is your address already.")
    passwords.check_current(user=user, session_id=session_id, password=password)
    with write_transaction():
        challenges.void_all(user, purpose=Challenge.Purpose.EMAIL)
        return challenges.issue(purpose=Challenge.Purpose.EMAIL, address=email, user=user)


def change(*, user: User, session_id: UUID, challenge_id: str, code: str) -> User:
    """The user with the new address. Codes that went to the old one are void, and it is told, with a way back.

    Raises InvalidCode and ChallengeExpired, the latter also where the address was taken by somebody else meanwhile.
    """
    challenge = challenges.prove(challenge_id=challenge_id, code=code, purposes=[Challenge.Purpose.EMAIL], user=user)
    with write_transaction():
        fresh = locked(user.pk)
        challenges.use(challenge)
        made = EmailChange.objects.create(user=fresh, old_email=fresh.email)
        if not _set_address(fresh, challenge.address):
            raise ChallengeExpired
        challenges.void_all(fresh)
        audit.record(fresh.pk, audit.Kind.EMAIL_CHANGED, session_id=session_id, detail=masked_email(fresh.email))
        jobs.send_undo_link.enqueue(change_id=str(made.pk))
        jobs.send_notice.enqueue(user_id=str(fresh.pk), notice="email_confirmed", to=fresh.email)
    return fresh


def undo(*, token: str) -> None:
    """Gives an account its old address back and ends all its sessions; changes made after that one are undone with it.

    Raises LinkExpired for a token that is not ours, used, too old, or undone with an earlier one, and where the old
    address has another account by now.
    """
    change_id = change_of(token)
    if change_id is None:
        raise LinkExpired
    with write_transaction():
        made = EmailChange.objects.filter(pk=change_id, undone_at=None, expires_at__gt=times.now()).first()
        if made is None:
            raise LinkExpired
        user = locked(made.user_id)
        _spend(made)
        if not _set_address(user, made.old_email):
            raise LinkExpired
        challenges.void_all(user)
        sessions.end_all(user=user, reason=Session.EndReason.EMAIL_RESTORED)
        audit.record(user.pk, audit.Kind.EMAIL_RESTORED)
        jobs.send_notice.enqueue(user_id=str(user.pk), notice="email_restored", to=user.email)


def locked(user_id: UUID) -> User:
    """The user's row, locked before anything else of theirs, as the database would when a unique column changes."""
    return User.objects.get_queryset().select_for_update().get(pk=user_id)


def _spend(made: EmailChange) -> None:
    """Once; and whoever took the account cannot use the links of the changes that followed."""
    now = times.now()
    if not EmailChange.objects.filter(pk=made.pk, undone_at=None).update(undone_at=now):
        raise LinkExpired
    EmailChange.objects.filter(user=made.user_id, at__gte=made.at, undone_at=None).update(undone_at=now)


def _set_address(user: User, email: str) -> bool:
    """Whether the address could be had; the database decides races."""
    user.me_rev = counters.next_me([user.pk])[user.pk]
    user.email = email
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "me_rev"])
    except IntegrityError:
        return False
    events.profile_updated(user)
    return True
