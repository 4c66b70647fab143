"""Work that is done beside the requests: mail, and forgetting what is over."""

import datetime as dt
from uuid import UUID

from django.conf import settings
from django_tasks import task

from accounts import audit, devices, mail, sms
from accounts.codes import code_hash, new_code
from accounts.identifiers import masked_email
from accounts.models import Challenge, EmailChange, Registration, SecurityEvent, Session, User, WsTicket
from accounts.models.session import absolute_life, idle_life
from accounts.undo_links import link_of
from chatapi import times
from chatapi.worker import retried

_KEPT_CHALLENGES = dt.timedelta(hours=2)
"""Longer than the hour that their sums look back at."""
_KEPT_SESSIONS = dt.timedelta(days=30)


@task()
def send_code(challenge_id: str, send: int, attempt: int = 1) -> None:
    """Makes the code of a challenge and sends it; the only place that ever knows the code."""
    with retried(send_code, attempt, challenge_id=challenge_id, send=send):
        challenge = Challenge.objects.open(times.now()).select_related("user").filter(pk=challenge_id).first()
        if challenge is None or challenge.sends != send:
            return  # used, over, or replaced by a newer code
        if challenge.is_decoy:
            if challenge.user is not None:
                mail.send("account_exists", to=challenge.user.email)
            return
        if _belongs_to_another(challenge):
            return
        code = new_code()
        mine = Challenge.objects.filter(pk=challenge.pk, sends=send, used_at__isnull=True)
        if mine.update(code_hash=code_hash(challenge.pk, code)):
            _deliver(challenge, code)


def _deliver(challenge: Challenge, code: str) -> None:
    if challenge.method == Challenge.Method.SMS:
        sms.send(to=challenge.address, text=f"{code} is your code. Nobody from us will ever ask you for it.")
    else:
        mail.send("code", to=challenge.address, code=code, request=mail.PURPOSES[challenge.purpose])


def _belongs_to_another(challenge: Challenge) -> bool:
    """Whether a new address or number has an account already; its owner is told, and who asked gets no code."""
    people = User.objects.get_queryset()
    if challenge.purpose == Challenge.Purpose.EMAIL:
        owner = people.filter(email=challenge.address).first()
    elif challenge.purpose == Challenge.Purpose.MOBILE:
        owner = people.filter(mobile_number=challenge.mobile_number, mobile_verified_at__isnull=False).first()
    else:
        return False
    if owner is None or owner.pk == challenge.user_id:
        return False
    mail.send("address_wanted", to=owner.email)
    return True


@task()
def send_undo_link(change_id: str, attempt: int = 1) -> None:
    """Tells the old address of a change, with the link that takes it back; the only place that makes the link."""
    with retried(send_undo_link, attempt, change_id=change_id):
        change = EmailChange.objects.select_related("user").filter(pk=change_id, undone_at=None).first()
        if change is not None:
            mail.send(
                "email_changed",
                to=change.old_email,
                new_address=masked_email(change.user.email),
                days=settings.EMAIL_UNDO_DAYS,
                link=link_of(change),
            )


@task()
def send_notice(user_id: str, notice: str, to: str = "", attempt: int = 1) -> None:
    """Tells a user by mail what happened to their account, at the address they had at that moment (`to`)."""
    with retried(send_notice, attempt, user_id=user_id, notice=notice, to=to):
        user = User.objects.filter(pk=user_id).first()
        if user is not None:
            mail.send(notice, to=to or user.email)


@task()
def send_login_notice(session_id: str, to: str, attempt: int = 1) -> None:
    """Tells the owner of a login from a device or an address block that was not seen before."""
    with retried(send_login_notice, attempt, session_id=session_id, to=to):
        session = Session.objects.filter(pk=session_id).first()
        if session is not None and devices.is_new(session):
            mail.send("new_device", to=to, device=session.device_name, address=session.address, at=session.created_at)


@task()
def note_failure(user_id: str, kind: str, detail: str, address: str) -> None:
    """Writes a failed try into the audit log of whom it was aimed at; nobody's, where `user_id` is empty.

    A job, because it is asked for in either case: a row for known people only could be told by the time it takes (S2).
    """
    if user_id and User.objects.filter(pk=user_id).exists():
        audit.record(UUID(user_id), audit.Kind(kind), detail=detail, address=address)


def prune() -> None:
    """Removes what is over: challenges, registrations, tickets, sessions, and old lines of the audit log (S99)."""
    now = times.now()
    SecurityEvent.objects.all().forget(now - dt.timedelta(days=settings.AUDIT_DAYS))
    Challenge.objects.filter(expires_at__lt=now - _KEPT_CHALLENGES).delete()
    Registration.objects.filter(expires_at__lt=now - _KEPT_CHALLENGES).delete()
    EmailChange.objects.filter(expires_at__lt=now).delete()
    WsTicket.objects.filter(expires_at__lt=now).delete()
    Session.objects.filter(ended_at__lt=now - _KEPT_SESSIONS).delete()
    Session.objects.filter(last_used_at__lt=now - idle_life() - _KEPT_SESSIONS).delete()
    Session.objects.filter(created_at__lt=now - absolute_life() - _KEPT_SESSIONS).delete()
