"""Asking for an account, and getting it once the address is proven (S1-S4)."""

import datetime as dt
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.actions import challenges
from accounts.errors import ChallengeExpired
from accounts.hashing import hashing
from accounts.identifiers import folded
from accounts.models import Challenge, Registration, User
from chatapi import times
from chatapi.errors import InvalidInput
from chatapi.transactions import write_transaction


def register(*, username: str, email: str, password: str, mobile_number: str, display_name: str) -> Challenge:
    """A challenge for the new account's address; an earlier one for the same address is void.

    Whether the address or number has an account already shows neither in the answer nor in the work done: the row
    is written either way, keeps the username from others either way, and only the job finds the mail to send.
    Raises InvalidInput (`username_taken`), RateLimited, and Unavailable where too many register or log in at once.
    """
    with hashing():
        hashed = make_password(password)
    now = times.now()
    with write_transaction():
        _check_username(username, email, now)
        _close(_lock_pending(email), now)
        registration = Registration.objects.create(
            username=username,
            email=email,
            password=hashed,
            mobile_number=mobile_number,
            display_name=display_name,
            expires_at=now + dt.timedelta(seconds=settings.REGISTRATION_SECONDS),
        )
        return challenges.issue(
            purpose=Challenge.Purpose.REGISTER,
            address=email,
            registration=registration,
            user=User.objects.owner_of(email=email, mobile_number=mobile_number),
        )


def complete(challenge: Challenge, registration: Registration) -> User:
    """The user that a proven registration asked for, inside the caller's transaction.

    Raises InvalidInput (`username_taken`) or ChallengeExpired where the name or the address was lost meanwhile.
    """
    pending = _lock_pending(registration.email)
    challenges.use(challenge)
    user = _create_user(registration)
    audit.record(user.pk, audit.Kind.REGISTERED)
    _close(pending, times.now())
    return user


def _create_user(registration: Registration) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(
                username=registration.username,
                email=registration.email,
                password=registration.password,
                mobile_number=registration.mobile_number,
                display_name=registration.display_name,
            )
    except IntegrityError:
        if User.objects.filter(email=registration.email).exists():
            raise ChallengeExpired from None
        raise _username_taken() from None


def _lock_pending(email: str) -> list[UUID]:
    """The registrations of an address, locked in one order before anything of theirs is touched.

    Without it two proofs of one address can each hold their challenge and wait for the other's: a deadlock.
    """
    pending = Registration.objects.select_for_update(no_key=True).filter(email=email).order_by("pk")
    return list(pending.values_list("pk", flat=True))


def _close(pending: list[UUID], now: dt.datetime) -> None:
    """Voids locked registrations and their challenges; the rows go on counting for the address's hour."""
    Registration.objects.filter(pk__in=pending, expires_at__gt=now).update(expires_at=now)
    Challenge.objects.open(now).filter(registration__in=pending).update(expires_at=now)


def _check_username(username: str, email: str, now: dt.datetime) -> None:
    """A username is taken by its user, and by whoever is about to prove another address."""
    key = folded(username)
    pending = Registration.objects.filter(username_key=key, expires_at__gt=now).exclude(email=email)
    if User.objects.filter(username_key=key).exists() or pending.exists():
        raise _username_taken()


def _username_taken() -> InvalidInput:
    return InvalidInput.field("username", "username_taken", "This username is taken.")
