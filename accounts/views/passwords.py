"""Changing the password, and getting back in without it."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import examples
from accounts.actions import passwords
from accounts.authentication import caller, principal_and_profile
from accounts.errors import ChallengeExpired, InvalidCode, InvalidPassword
from accounts.inputs import ChangePasswordInput, ForgotPasswordInput, ResetPasswordInput
from accounts.serializers import ChallengeSerializer
from accounts.views.base import BODY, CALLER, PublicViewSet, limit_address, read
from chatapi.schema import asked, problems, shown
from chatapi.throttling import limit


class PasswordViewSet(ViewSet):
    """The caller's own password."""

    find_caller = staticmethod(principal_and_profile)

    @extend_schema(
        summary="Change my password",
        description=(
            "Needs the present one; a wrong one is 400 `invalid_password`, and after ten of them within an hour 429. "
            "All other sessions end and their sockets close with 4401, this one goes on; codes that are on their way "
            "are void, and the owner is told by mail."
        ),
        request=ChangePasswordInput,
        responses={HTTPStatus.NO_CONTENT: None} | problems(*BODY, *CALLER, InvalidPassword),
        examples=[
            asked(
                "A new password", {"current_password": "correct horse battery", "new_password": "seven sleepy otters"}
            )
        ],
    )
    def change(self, request: Request) -> Response:
        """POST accounts/me/password/"""
        principal = caller(request)
        limit("account", str(principal.user.pk))
        given = read(ChangePasswordInput, request.data)
        passwords.change(user=principal.user, session_id=principal.session_id, **given)
        return Response(status=HTTPStatus.NO_CONTENT)


class ForgottenPasswordViewSet(PublicViewSet):
    """A new password by the account's address."""

    @extend_schema(
        summary="Forgot the password",
        description=(
            "Sends a code to the address. The answer is the same where the address has no account; then nothing is "
            "sent. Another code: `challenges/resend/`."
        ),
        request=ForgotPasswordInput,
        responses={HTTPStatus.ACCEPTED: ChallengeSerializer} | problems(*BODY),
        examples=[
            asked("By email", {"email": "alice@example.org"}),
            shown("A code was sent, if there is an account", examples.CHALLENGE, status=202),
        ],
    )
    def forgot(self, request: Request) -> Response:
        """POST accounts/password/forgot/"""
        limit_address("forgot", request)
        challenge = passwords.request_reset(**read(ForgotPasswordInput, request.data))
        return Response(ChallengeSerializer(challenge).data, HTTPStatus.ACCEPTED)

    @extend_schema(
        summary="Set a new password by code",
        description=(
            "All sessions of the account end, the owner is told by mail, and nobody is logged in by it: log in with "
            "the new password. A refused password leaves the code good for its other tries. Wrong codes: as in "
            "`login/verify/`."
        ),
        request=ResetPasswordInput,
        responses={HTTPStatus.NO_CONTENT: None} | problems(*BODY, InvalidCode, ChallengeExpired),
        examples=[
            asked(
                "The code",
                {"challenge": examples.CHALLENGE_ID, "code": "042137", "new_password": "seven sleepy otters"},
            )
        ],
    )
    def reset(self, request: Request) -> Response:
        """POST accounts/password/reset/"""
        limit_address("verify", request)
        given = read(ResetPasswordInput, request.data)
        passwords.reset(challenge_id=given["challenge"], code=given["code"], new_password=given["new_password"])
        return Response(status=HTTPStatus.NO_CONTENT)
