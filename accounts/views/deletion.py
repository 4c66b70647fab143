"""Deleting the caller's account."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import examples
from accounts.actions import deletion
from accounts.authentication import caller, principal_and_profile
from accounts.errors import ChallengeExpired, InvalidCode, InvalidPassword
from accounts.inputs import PasswordInput, ProofInput
from accounts.serializers import ChallengeSerializer
from accounts.views.base import BODY, CALLER, read
from chatapi.schema import asked, problems, shown
from chatapi.throttling import limit


class DeletionViewSet(ViewSet):
    """The end of an account."""

    find_caller = staticmethod(principal_and_profile)

    @extend_schema(
        summary="Delete my account",
        description="Needs the password and sends a code to the account's address; nothing happens before `verify/`.",
        request=PasswordInput,
        responses={HTTPStatus.OK: ChallengeSerializer} | problems(*BODY, *CALLER, InvalidPassword),
        examples=[
            asked("The password", {"password": "correct horse battery"}),
            shown("A code was sent", examples.CHALLENGE),
        ],
    )
    def create(self, request: Request) -> Response:
        """POST accounts/me/delete/"""
        principal = caller(request)
        limit("account", str(principal.user.pk))
        given = read(PasswordInput, request.data)
        challenge = deletion.request(user=principal.user, session_id=principal.session_id, **given)
        return Response(ChallengeSerializer(challenge).data)

    @extend_schema(
        summary="Delete my account: the code",
        description=(
            "The account is switched off at once: all sessions end, its sockets close with 4401, nobody finds it, and "
            "sends into direct rooms with it are `cannot_send`. Logging in within the grace period "
            "(`tokens.deletion_days` of `capabilities/`) keeps it, as it was. Afterwards everything personal is erased "
            "for good; messages stay and are those of a deleted user."
        ),
        request=ProofInput,
        responses={HTTPStatus.NO_CONTENT: None} | problems(*BODY, *CALLER, InvalidCode, ChallengeExpired),
        examples=[asked("The code", {"challenge": examples.CHALLENGE_ID, "code": "042137"})],
    )
    def verify(self, request: Request) -> Response:
        """POST accounts/me/delete/verify/"""
        principal = caller(request)
        limit("account", str(principal.user.pk))
        given = read(ProofInput, request.data)
        deletion.confirm(
            user=principal.user,
            session_id=principal.session_id,
            challenge_id=given["challenge"],
            code=given["code"],
        )
        return Response(status=HTTPStatus.NO_CONTENT)
