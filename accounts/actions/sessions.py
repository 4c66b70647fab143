"""Sessions: start, refresh, end (S31-S36)."""

import datetime as dt
from uuid import UUID

from django.conf import settings

from accounts import audit, events, jobs, tokens
from accounts.errors import SessionEnded
from accounts.models import Session, User
from chatapi import times
from chatapi.errors import NotFound
from chatapi.transactions import write_transaction

_KIND_OF = {
    Session.EndReason.LOGOUT: audit.Kind.LOGGED_OUT,
    Session.EndReason.LOGOUT_ALL: audit.Kind.LOGGED_OUT_EVERYWHERE,
    Session.EndReason.ENDED: audit.Kind.SESSION_ENDED,
    Session.EndReason.REUSE: audit.Kind.REFRESH_REUSED,
}


def start(*, user: User, device_name: str, address: str) -> Session:
    """A new session of `user`, who is told by mail unless device and address block are known already."""
    now = times.now()
    session = Session.objects.create(
        user=user, device_name=device_name, address=address, created_at=now, last_used_at=now, rotated_at=now
    )
    audit.record(user.pk, audit.Kind.LOGGED_IN, session_id=session.pk, detail=device_name, address=address)
    jobs.send_login_notice.enqueue(session_id=str(session.pk), to=user.email)
    return session


def refresh(*, refresh_token: str) -> Session:
    """The session with its next pair of tokens, or with the present one again if that has not arrived yet.

    Parallel calls queue at the session's row, so they all get the same pair. A token that was spent longer ago was
    copied by somebody: the session ends and its owner is told. Raises InvalidToken and SessionEnded.
    """
    claims = tokens.read_refresh(refresh_token)
    with write_transaction():
        session, refreshed = _refreshed(claims, times.now())
    if not refreshed:
        raise SessionEnded  # only now, so that what ended it is committed
    return session


def end(*, user: User, session_id: UUID) -> None:
    """Ends one session of `user`; its sockets close. Raises NotFound for one that is not theirs or is over."""
    if not _end(user=user, reason=Session.EndReason.ENDED, session_id=session_id):
        raise NotFound


def log_out(*, user: User, session_id: UUID) -> None:
    """Ends the caller's own session."""
    _end(user=user, reason=Session.EndReason.LOGOUT, session_id=session_id)


def log_out_everywhere(*, user: User) -> None:
    """Ends every session of `user`, the caller's own too."""
    _end(user=user, reason=Session.EndReason.LOGOUT_ALL)


def end_all(*, user: User, reason: Session.EndReason, keep: UUID | None = None) -> None:
    """Ends every session of `user` but `keep`, inside the transaction that says why; their sockets close."""
    now = times.now()
    live = Session.objects.live(now).filter(user=user).values_list("pk", flat=True)
    ended = [pk for pk in live if pk != keep]
    Session.objects.filter(pk__in=ended).update(ended_at=now, end_reason=reason)
    events.sessions_ended(ended)


def _end(*, user: User, reason: Session.EndReason, session_id: UUID | None = None) -> bool:
    """Ends the live sessions of a user, or one of them; whether there was one."""
    now = times.now()
    with write_transaction():
        live = Session.objects.live(now).filter(user=user)
        if session_id is not None:
            live = live.filter(pk=session_id)
        ended = list(live.values_list("pk", flat=True))
        Session.objects.filter(pk__in=ended).update(ended_at=now, end_reason=reason)
        events.sessions_ended(ended)
        if ended:
            audit.record(user.pk, _KIND_OF[reason], session_id=session_id)
    return bool(ended)


def _locked(session_id: UUID, now: dt.datetime) -> Session:
    rows = Session.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    session = rows.filter(pk=session_id).first()
    if session is None or not session.is_live(now) or not session.user.is_active:
        raise SessionEnded
    return session


def _refreshed(claims: tokens.RefreshClaims, now: dt.datetime) -> tuple[Session, bool]:
    """The session, and whether this token gives its pair."""
    session = _locked(claims.session_id, now)
    if claims.generation >= session.generation:
        _rotate(session, claims.generation, now)
    elif not _may_repeat(session, claims.generation, now):
        _end_for_reuse(session)
        return session, False
    return session, True


def _rotate(session: Session, spent: int, now: dt.datetime) -> None:
    """The generation after the one just spent, which is ahead of ours only after an older database was restored."""
    session.generation = spent + 1
    session.generation_used = False
    session.rotated_at = session.last_used_at = now
    session.save(update_fields=["generation", "generation_used", "rotated_at", "last_used_at"])


def _may_repeat(session: Session, generation: int, now: dt.datetime) -> bool:
    """Whether the answer to the refresh that made the present pair may have got lost."""
    fresh = now - session.rotated_at < dt.timedelta(seconds=settings.REFRESH_REPEAT_SECONDS)
    return generation == session.generation - 1 and (fresh or not session.generation_used)


def _end_for_reuse(session: Session) -> None:
    _end(user=session.user, reason=Session.EndReason.REUSE, session_id=session.pk)
    jobs.send_notice.enqueue(user_id=str(session.user_id), notice="session_reuse")
