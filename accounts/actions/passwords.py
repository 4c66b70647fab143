"""The password: proving it again, changing it, and getting back in without it (S16, S17)."""

from uuid import UUID

from django.contrib.auth.hashers import make_password

from accounts import audit, jobs
from accounts.actions import challenges, sessions
from accounts.errors import ChallengeExpired, InvalidPassword
from accounts.hashing import hashing
from accounts.models import Challenge, Session, User
from accounts.passwords import check_new_password
from chatapi.throttling import limit
from chatapi.transactions import write_transaction


def check_current(*, user: User, session_id: UUID, password: str) -> None:
    """Returns if `password` is the user's own. It is asked for again before anything that a stolen device must not do.

    Raises InvalidPassword, RateLimited after ten failures of one user within the hour, and Unavailable where too many
    hash at once.
    """
    with hashing():
        limit("password_failures", str(user.pk))  # before the check, so that no burst slips past; given back after it
        right = user.check_password(password)
        if right:
            limit("password_failures", str(user.pk), cost=-1)
    if not right:
        audit.record(user.pk, audit.Kind.PASSWORD_FAILED, session_id=session_id)
        raise InvalidPassword


def change(*, user: User, session_id: UUID, current_password: str, new_password: str) -> None:
    """Sets a new password. All other sessions end, codes on their way are void, the owner is told.

    Raises InvalidInput for a password that is refused, and what `check_current` raises. Of two changes at once with the
    same current password one wins; for the other it is no longer current: InvalidPassword.
    """
    check_new_password(new_password, user)
    check_current(user=user, session_id=session_id, password=current_password)
    hashed = _hashed(new_password)
    with write_transaction():
        if not User.objects.filter(pk=user.pk, password=user.password).update(password=hashed):
            raise InvalidPassword
        _shut_out(user, Session.EndReason.PASSWORD_CHANGED, keep=session_id)
        audit.record(user.pk, audit.Kind.PASSWORD_CHANGED, session_id=session_id)
        jobs.send_notice.enqueue(user_id=str(user.pk), notice="password_changed", to=user.email)


def request_reset(*, email: str) -> Challenge:
    """A challenge for whoever reads the mail of this address; the same answer and work where it has no account.

    Raises RateLimited where the address had too many codes or wrong tries for this within the hour.
    """
    user = User.objects.get_queryset().welcome().filter(email=email).first()
    return challenges.issue(purpose=Challenge.Purpose.RESET, address=email, user=user)


def reset(*, challenge_id: str, code: str, new_password: str) -> None:
    """Sets a new password for whoever meets the challenge. All sessions end; it opens none (S17).

    Raises InvalidCode, ChallengeExpired, InvalidInput for a password too like the user's names (the code stays good),
    and Unavailable where too many hash at once.
    """
    challenge = challenges.prove(challenge_id=challenge_id, code=code, purposes=[Challenge.Purpose.RESET])
    user = challenge.user
    if user is None or user.email != challenge.address or not (user.is_active or user.erase_at):
        raise ChallengeExpired
    check_new_password(new_password, user)
    hashed = _hashed(new_password)
    with write_transaction():
        User.objects.filter(pk=user.pk).update(password=hashed)  # first: who changes it too takes the same order
        challenges.use(challenge)
        _shut_out(user, Session.EndReason.PASSWORD_RESET)
        audit.record(user.pk, audit.Kind.PASSWORD_RESET)
        jobs.send_notice.enqueue(user_id=str(user.pk), notice="password_reset", to=user.email)


def _hashed(password: str) -> str:
    with hashing():
        return make_password(password)


def _shut_out(user: User, reason: Session.EndReason, keep: UUID | None = None) -> None:
    """Codes first: a login that comes between the two has either opened its session by then, or never will."""
    challenges.void_all(user)
    sessions.end_all(user=user, reason=reason, keep=keep)
