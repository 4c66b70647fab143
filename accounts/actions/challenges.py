"""Codes: asking for one, asking again, and trying one (S5-S12)."""

import datetime as dt
import hmac
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Count, F, Min, Sum

from accounts import jobs
from accounts.codes import code_hash
from accounts.errors import ChallengeExpired, InvalidCode
from accounts.models import Challenge, Registration, SecurityEvent, User
from chatapi import times
from chatapi.addresses import calling_address
from chatapi.errors import RateLimited
from chatapi.transactions import write_transaction

_HOUR = dt.timedelta(hours=1)


def issue(
    *,
    purpose: Challenge.Purpose,
    address: str,
    user: User | None = None,
    registration: Registration | None = None,
    method: Challenge.Method = Challenge.Method.EMAIL,
    mobile_number: str = "",
) -> Challenge:
    """A new challenge; its code is made and mailed by a job that is queued in the same transaction.

    So the answer takes the same time whoever the address belongs to, and no code ever lies in a table or a queue.
    Raises RateLimited where the address had too many codes or wrong tries for this purpose within the hour.
    """
    _check_hour(purpose, address)
    now = times.now()
    with write_transaction():
        challenge = Challenge.objects.create(
            purpose=purpose,
            address=address,
            user=user,
            registration=registration,
            method=method,
            mobile_number=mobile_number,
            created_at=now,
            sent_at=now,
            expires_at=now + dt.timedelta(seconds=settings.CODE_SECONDS),
        )
        jobs.send_code.enqueue(challenge_id=challenge.pk, send=1)
    return challenge


def resend(*, challenge_id: str) -> Challenge:
    """Sends a new code for the same challenge and voids the old one; the tries made so far still count.

    Raises ChallengeExpired, or RateLimited when the last code is too fresh or there were too many.
    """
    now = times.now()
    challenge = Challenge.objects.open(now).filter(pk=challenge_id).first()
    if challenge is None:
        raise ChallengeExpired
    _check_resend(challenge, now)
    _check_hour(Challenge.Purpose(challenge.purpose), challenge.address)
    with write_transaction():
        sends, challenge.sends = challenge.sends, challenge.sends + 1
        challenge.sent_at, challenge.expires_at = now, now + dt.timedelta(seconds=settings.CODE_SECONDS)
        won = Challenge.objects.open(now).filter(pk=challenge.pk, sends=sends)
        if not won.update(
            sends=challenge.sends, sent_at=challenge.sent_at, expires_at=challenge.expires_at, code_hash=""
        ):
            raise RateLimited(retry_after_ms=settings.CODE_RESEND_SECONDS * 1000)
        jobs.send_code.enqueue(challenge_id=challenge.pk, send=challenge.sends)
    return challenge


def prove(
    *, challenge_id: str, code: str, purposes: Iterable[Challenge.Purpose], user: User | None = None
) -> Challenge:
    """The challenge that `code` meets. Each try is counted, for good, before it is looked at.

    Only one of these purposes, and of `user` where one is given; any other is as if it did not exist (S9).
    Raises ChallengeExpired or InvalidCode. The caller then calls `use` in the transaction that acts on the proof.
    """
    tries = Challenge.objects.open(times.now()).filter(pk=challenge_id, purpose__in=purposes)
    if user is not None:
        tries = tries.filter(user=user)
    if not tries.update(attempts=F("attempts") + 1):
        raise ChallengeExpired
    challenge = Challenge.objects.select_related("user", "registration").get(pk=challenge_id)
    if not hmac.compare_digest(challenge.code_hash, code_hash(challenge.pk, code)):
        _note_failure(challenge)
        raise InvalidCode(attempts_left=max(0, settings.CODE_TRIES - challenge.attempts))
    return challenge


def _note_failure(challenge: Challenge) -> None:
    """For every purpose alike, though only those about an account leave an entry in its audit log."""
    about = "" if challenge.purpose == Challenge.Purpose.REGISTER else str(challenge.user_id or "")
    jobs.note_failure.enqueue(
        user_id=about,
        kind=SecurityEvent.Kind.CODE_FAILED.value,
        detail=challenge.purpose,
        address=calling_address.get(),
    )


def use(challenge: Challenge) -> None:
    """Spends a proven challenge. Raises ChallengeExpired if it was spent, voided or given a new code meanwhile."""
    now = times.now()
    same = Challenge.objects.filter(pk=challenge.pk, code_hash=challenge.code_hash)
    if not same.filter(used_at__isnull=True, expires_at__gt=now).update(used_at=now):
        raise ChallengeExpired


def void_all(user: User, purpose: Challenge.Purpose | None = None) -> None:
    """No code that this user asked for before is worth anything any more, or none of one purpose.

    Inside the caller's transaction.
    """
    now = times.now()
    asked = Challenge.objects.open(now).filter(user=user).exclude(purpose=Challenge.Purpose.REGISTER)
    (asked.filter(purpose=purpose) if purpose else asked).update(expires_at=now)


def _check_resend(challenge: Challenge, now: dt.datetime) -> None:
    wait_until = challenge.expires_at if challenge.sends >= settings.CODE_SENDS else challenge.resend_at
    if wait_until > now:
        raise RateLimited(retry_after_ms=_milliseconds(wait_until - now))


def _check_hour(purpose: Challenge.Purpose, address: str) -> None:
    now = times.now()
    recent = Challenge.objects.filter(purpose=purpose, address=address, created_at__gt=now - _HOUR)
    sums = recent.aggregate(
        sends=Sum("sends", default=0), tries=Sum("attempts", default=0), met=Count("used_at"), first=Min("created_at")
    )
    failures = sums["tries"] - sums["met"]
    if sums["sends"] >= settings.CODES_PER_HOUR or failures >= settings.CODE_FAILURES_PER_HOUR:
        raise RateLimited(retry_after_ms=_milliseconds(sums["first"] + _HOUR - now))


def _milliseconds(wait: dt.timedelta) -> int:
    return max(1, int(wait / dt.timedelta(milliseconds=1)))
