"""Registration and login: both end with a code."""

from http import HTTPStatus

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import examples
from accounts.actions import challenges, login, registering
from accounts.errors import ChallengeExpired, InvalidCode, InvalidCredentials
from accounts.models import Challenge
from accounts.serializers import (
    ChallengeSerializer,
    LoggedInSerializer,
    LoginInput,
    RegisterInput,
    ResendInput,
    VerifyInput,
)
from accounts.views.answers import logged_in
from accounts.views.base import BODY, PublicViewSet, limit_address, read
from chatapi.addresses import client_address
from chatapi.schema import problems, shown

_REGISTER = OpenApiExample(
    "A new account",
    {"username": "alice", "email": "alice@example.org", "password": "correct horse battery", "display_name": "Alice"},
    request_only=True,
)
_LOGIN = OpenApiExample(
    "By email", {"login": "alice@example.org", "password": "correct horse battery"}, request_only=True
)
_CHALLENGE = shown("A code was sent", examples.CHALLENGE)
_VERIFY = OpenApiExample(
    "The code",
    {"challenge": examples.CHALLENGE_ID, "code": "042137", "device_name": "Alice's phone"},
    request_only=True,
)
_RESEND = OpenApiExample("Another code", {"challenge": examples.CHALLENGE_ID}, request_only=True)
_LOGGED_IN = shown("Logged in", examples.LOGGED_IN)


class RegistrationViewSet(PublicViewSet):
    """Asking for an account."""

    @extend_schema(
        summary="Register",
        description=(
            "Sends a code to the address; `login/verify/` with it creates the account and logs in. An address or "
            "number that has an account already is answered alike, and its owner is told by mail. A username that is "
            "taken is `invalid_input` with `username_taken` in `errors`. A second registration of the same address "
            "replaces the first."
        ),
        request=RegisterInput,
        responses={HTTPStatus.CREATED: ChallengeSerializer} | problems(*BODY),
        examples=[_REGISTER, _CHALLENGE],
    )
    def create(self, request: Request) -> Response:
        """POST accounts/register/"""
        limit_address("register", request)
        challenge = registering.register(**read(RegisterInput, request.data))
        return _challenge_sent(challenge, HTTPStatus.CREATED)


class LoginViewSet(PublicViewSet):
    """Password, then code."""

    @extend_schema(
        summary="Log in: the password",
        description=(
            "Sends a code to the account's address. A wrong password and an unknown login name are the same 401. "
            "After ten failures with one login name it rests for up to an hour; sessions go on."
        ),
        request=LoginInput,
        responses={HTTPStatus.OK: ChallengeSerializer} | problems(*BODY, InvalidCredentials),
        examples=[_LOGIN, _CHALLENGE],
    )
    def create(self, request: Request) -> Response:
        """POST accounts/login/"""
        limit_address("login", request)
        return _challenge_sent(login.request_code(**read(LoginInput, request.data)))

    @extend_schema(
        summary="Log in: the code",
        description=(
            "After `register/` and `login/`. Opens a session and gives its tokens. A wrong code is `invalid_code` "
            "with `attempts_left`; after the last one, and when the challenge was used or is too old, it is "
            "`challenge_expired`: begin again. If a registered username was lost to someone who proved their "
            "address sooner, it is `invalid_input` with `username_taken`."
        ),
        request=VerifyInput,
        responses={HTTPStatus.OK: LoggedInSerializer} | problems(*BODY, InvalidCode, ChallengeExpired),
        examples=[_VERIFY, _LOGGED_IN],
    )
    def verify(self, request: Request) -> Response:
        """POST accounts/login/verify/"""
        limit_address("verify", request)
        given = read(VerifyInput, request.data)
        session = login.open_session(
            challenge_id=given["challenge"],
            code=given["code"],
            device_name=given["device_name"],
            address=client_address(request),
        )
        return Response(logged_in(session))


class ChallengeViewSet(PublicViewSet):
    """Codes of every purpose."""

    @extend_schema(
        summary="Send another code",
        description=(
            "For a challenge of any purpose. The code before it is void; the tries made so far still count. Not "
            "before `resend_at`: 429."
        ),
        request=ResendInput,
        responses={HTTPStatus.OK: ChallengeSerializer} | problems(*BODY, ChallengeExpired),
        examples=[_RESEND, _CHALLENGE],
    )
    def resend(self, request: Request) -> Response:
        """POST accounts/challenges/resend/"""
        limit_address("resend", request)
        given = read(ResendInput, request.data)
        return _challenge_sent(challenges.resend(challenge_id=given["challenge"]))


def _challenge_sent(challenge: Challenge, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(ChallengeSerializer(challenge).data, status)
