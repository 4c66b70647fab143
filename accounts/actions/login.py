"""Logging in: a password asks for a code, the code opens a session (S2, S10, S13)."""

from django.contrib.auth.hashers import make_password

from accounts import jobs
from accounts.actions import challenges, deletion, sessions
from accounts.actions.registering import complete
from accounts.errors import ChallengeExpired, InvalidCredentials
from accounts.hashing import hashing
from accounts.identifiers import canonical_login
from accounts.models import Challenge, SecurityEvent, Session, User
from chatapi.addresses import calling_address
from chatapi.throttling import limit
from chatapi.transactions import write_transaction

_OPENING = (Challenge.Purpose.LOGIN, Challenge.Purpose.REGISTER)


def request_code(*, login: str, password: str) -> Challenge:
    """A challenge for whoever has this login name and password.

    Raises InvalidCredentials, the same and after the same work whether the name or the password is wrong,
    RateLimited after too many failures with this name, and Unavailable where too many log in at once.
    """
    name = canonical_login(login)
    with hashing():
        limit("login_failures", name)  # taken before the check, so that no burst slips past, and given back after it
        user = User.objects.by_login(name)
        if not _password_matches(user, password) or user is None:
            _note_failure(user)
            raise InvalidCredentials
        limit("login_failures", name, cost=-1)
    return challenges.issue(purpose=Challenge.Purpose.LOGIN, address=user.email, user=user)


def open_session(*, challenge_id: str, code: str, device_name: str, address: str) -> Session:
    """A session for whoever meets the challenge of a login or a registration, which then becomes the account.

    Raises InvalidCode, ChallengeExpired, and for a registration InvalidInput (`username_taken`).
    """
    challenge = challenges.prove(challenge_id=challenge_id, code=code, purposes=_OPENING)
    with write_transaction():
        return sessions.start(user=_proven_user(challenge), device_name=device_name, address=address)


def _note_failure(user: User | None) -> None:
    """The same work for known and unknown names (S2): a job, which finds out for whom there is something to write."""
    jobs.note_failure.enqueue(
        user_id=str(user.pk) if user else "",
        kind=SecurityEvent.Kind.LOGIN_FAILED.value,
        detail="",
        address=calling_address.get(),
    )


def _proven_user(challenge: Challenge) -> User:
    if challenge.registration is not None:
        return complete(challenge, challenge.registration)
    user = challenge.user
    if user is not None and not user.is_active:
        user = deletion.keep(user.pk)  # before the challenge: who deletes it takes the same order
    challenges.use(challenge)
    if user is None:
        raise ChallengeExpired
    return user


def _password_matches(user: User | None, password: str) -> bool:
    if user is None:
        make_password(password)  # as much work as checking one
        return False
    return user.check_password(password)
