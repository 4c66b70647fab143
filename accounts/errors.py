"""What can go wrong with names, codes, tokens and sessions."""

from http import HTTPStatus
from typing import Any

from chatapi.errors import Problem


class TokenExpired(Problem):
    """The access token is too old: refresh, then repeat."""

    code = "token_expired"
    title = "The access token has expired."
    status = HTTPStatus.UNAUTHORIZED
    retry = "reauth"


class InvalidToken(Problem):
    """The token is missing, malformed, forged or of another kind."""

    code = "invalid_token"
    title = "The token is missing or not valid."
    status = HTTPStatus.UNAUTHORIZED
    retry = "reauth"


class SessionEnded(Problem):
    """The session of this token is over: log in again."""

    code = "session_ended"
    title = "The session has ended."
    status = HTTPStatus.UNAUTHORIZED
    retry = "reauth"


class InvalidCredentials(Problem):
    """No account has this login name and password."""

    code = "invalid_credentials"
    title = "Login name or password is wrong."
    status = HTTPStatus.UNAUTHORIZED


class InvalidPassword(Problem):
    """The current password is wrong; the session goes on."""

    code = "invalid_password"
    title = "The current password is wrong."


class InvalidCode(Problem):
    """The code is wrong; `attempts_left` says how many tries remain."""

    code = "invalid_code"
    title = "The code is wrong."

    def __init__(self, *, attempts_left: int = 0, **members: Any) -> None:
        super().__init__(attempts_left=attempts_left, **members)


class LinkExpired(Problem):
    """The link's token is not ours, was used, or is too old."""

    code = "link_expired"
    title = "This link can no longer be used."


class ChallengeExpired(Problem):
    """The challenge is unknown, used, out of time or out of tries: begin again."""

    code = "challenge_expired"
    title = "The code can no longer be used."


class LimitReached(Problem):
    """The list is full; `limits` in `capabilities/` says how much it holds."""

    code = "limit_reached"
    title = "There is no room for more."
    status = HTTPStatus.CONFLICT
