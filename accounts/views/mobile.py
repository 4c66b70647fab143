"""Changing the caller's mobile number."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import examples
from accounts.actions import mobile
from accounts.authentication import caller, principal_and_profile
from accounts.errors import ChallengeExpired, InvalidCode, InvalidPassword
from accounts.inputs import ChangeMobileInput, ProofInput
from accounts.serializers import ChallengeSerializer, MeSerializer
from accounts.views.base import BODY, CALLER, read
from chatapi.schema import asked, problems, shown
from chatapi.throttling import limit

_BY_SMS = examples.CHALLENGE | {"method": "sms", "sent_to": "+49***78"}


class MobileViewSet(ViewSet):
    """The caller's own number."""

    find_caller = staticmethod(principal_and_profile)

    @extend_schema(
        summary="Set or change my mobile number",
        description=(
            "Needs the password. Sends a code to the number, or to the account's address on a server without SMS: see "
            "`method`. Nothing changes before `verify/`. A number that somebody has proven is answered alike, and its "
            "owner is told by mail. A second call voids the first."
        ),
        request=ChangeMobileInput,
        responses={HTTPStatus.OK: ChallengeSerializer} | problems(*BODY, *CALLER, InvalidPassword),
        examples=[
            asked("A number", {"mobile_number": "+4915112345678", "password": "correct horse battery"}),
            shown("A code was sent", _BY_SMS),
        ],
    )
    def create(self, request: Request) -> Response:
        """POST accounts/me/mobile/"""
        principal = caller(request)
        limit("account", str(principal.user.pk))
        given = read(ChangeMobileInput, request.data)
        challenge = mobile.request_change(user=principal.user, session_id=principal.session_id, **given)
        return Response(ChallengeSerializer(challenge).data)

    @extend_schema(
        summary="Set or change my mobile number: the code",
        description=(
            "From now on the number is a login name, and finds its owner when all of it is searched for. Takes the "
            "next `me` number and reaches the caller's other devices as `user.updated`; the owner is told by mail. If "
            "somebody else proved the number sooner, it is `challenge_expired`."
        ),
        request=ProofInput,
        responses={HTTPStatus.OK: MeSerializer} | problems(*BODY, *CALLER, InvalidCode, ChallengeExpired),
        examples=[
            asked("The code", {"challenge": examples.CHALLENGE_ID, "code": "042137"}),
            shown("Me", examples.ME | {"mobile_number": "+4915112345678"}),
        ],
    )
    def verify(self, request: Request) -> Response:
        """POST accounts/me/mobile/verify/"""
        principal = caller(request)
        limit("account", str(principal.user.pk))
        given = read(ProofInput, request.data)
        user = mobile.change(
            user=principal.user,
            session_id=principal.session_id,
            challenge_id=given["challenge"],
            code=given["code"],
        )
        return Response(MeSerializer(user).data)
