"""Changing the caller's address, and taking it back."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import examples
from accounts.actions import email
from accounts.authentication import caller, principal_and_profile
from accounts.errors import ChallengeExpired, InvalidCode, InvalidPassword, LinkExpired
from accounts.inputs import ChangeEmailInput, ProofInput, UndoInput
from accounts.serializers import ChallengeSerializer, MeSerializer
from accounts.views.base import BODY, CALLER, PublicViewSet, limit_address, read
from chatapi.schema import asked, problems, shown
from chatapi.throttling import limit

_PROOF = asked("The code", {"challenge": examples.CHALLENGE_ID, "code": "042137"})


class EmailViewSet(ViewSet):
    """The caller's own address."""

    find_caller = staticmethod(principal_and_profile)

    @extend_schema(
        summary="Change my email address",
        description=(
            "Needs the password. Sends a code to the new address; nothing changes before `verify/`. An address that "
            "has an account already is answered alike, and its owner is told by mail. A second call voids the first."
        ),
        request=ChangeEmailInput,
        responses={HTTPStatus.OK: ChallengeSerializer} | problems(*BODY, *CALLER, InvalidPassword),
        examples=[
            asked("A new address", {"email": "alice@example.com", "password": "correct horse battery"}),
            shown("A code was sent", examples.CHALLENGE),
        ],
    )
    def create(self, request: Request) -> Response:
        """POST accounts/me/email/"""
        principal = caller(request)
        limit("account", str(principal.user.pk))
        given = read(ChangeEmailInput, request.data)
        challenge = email.request_change(user=principal.user, session_id=principal.session_id, **given)
        return Response(ChallengeSerializer(challenge).data)

    @extend_schema(
        summary="Change my email address: the code",
        description=(
            "From now on it is the account's address: for logging in, for codes, for being found. The old one gets a "
            "mail with a link that takes the change back within seven days (`EMAIL_UNDO_DAYS`). Takes the next `me` "
            "number and reaches the caller's other devices as `user.updated`. If somebody else proved the address "
            "sooner, it is `challenge_expired`."
        ),
        request=ProofInput,
        responses={HTTPStatus.OK: MeSerializer} | problems(*BODY, *CALLER, InvalidCode, ChallengeExpired),
        examples=[_PROOF, shown("Me", examples.ME)],
    )
    def verify(self, request: Request) -> Response:
        """POST accounts/me/email/verify/"""
        principal = caller(request)
        limit("account", str(principal.user.pk))
        given = read(ProofInput, request.data)
        user = email.change(
            user=principal.user,
            session_id=principal.session_id,
            challenge_id=given["challenge"],
            code=given["code"],
        )
        return Response(MeSerializer(user).data)


class EmailUndoViewSet(PublicViewSet):
    """The way back, for who reads the old mailbox."""

    @extend_schema(
        summary="Take back a change of the email address",
        description=(
            "With the token behind the `#` of the link that the old address got. The account has its old address again "
            "and all its sessions end. Good once; changes of the address after that one are taken back with it."
        ),
        request=UndoInput,
        responses={HTTPStatus.NO_CONTENT: None} | problems(*BODY, LinkExpired),
        examples=[asked("The token", {"token": f"{examples.SESSION_ID}.kJ4..."})],
    )
    def create(self, request: Request) -> Response:
        """POST accounts/me/email/undo/"""
        limit_address("verify", request)
        email.undo(token=read(UndoInput, request.data)["token"])
        return Response(status=HTTPStatus.NO_CONTENT)
