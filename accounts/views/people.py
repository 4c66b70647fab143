"""The caller's own profile, and other people."""

from http import HTTPStatus

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import examples
from accounts.actions.profile import change_profile
from accounts.authentication import caller, principal_and_profile
from accounts.between import lets_write
from accounts.models import User
from accounts.models.relation import as_seen_by
from accounts.serializers import MeInput, MeSerializer, PersonSerializer, SearchInput
from accounts.views.base import BODY, CALLER, read
from chatapi.errors import InvalidCursor, InvalidInput, NotFound
from chatapi.pagination import CursorPage
from chatapi.schema import problems, shown
from chatapi.throttling import limit

_CHANGES = OpenApiExample(
    "Change the profile",
    {"display_name": "Alice", "about": "At work", "extra": {"theme": "dark"}, "privacy": {"about": "contacts"}},
    request_only=True,
)
_ME = shown("Me", examples.ME)
_PROFILE = shown("A person", examples.PROFILE)


class MeViewSet(ViewSet):
    """The caller's own profile."""

    find_caller = staticmethod(principal_and_profile)

    @extend_schema(
        summary="My profile",
        responses={HTTPStatus.OK: MeSerializer} | problems(*CALLER),
        description="Everything about the caller, also what others do not see.",
        examples=[_ME],
    )
    def retrieve(self, request: Request) -> Response:
        """GET accounts/me/"""
        return Response(MeSerializer(caller(request).user).data)

    @extend_schema(
        summary="Change my profile",
        description=(
            "Only the given fields change. A change takes the next `me` number, shown as `rev`, and reaches the "
            "caller's other devices as `user.updated` on their inbox sockets. An empty display name shows the username."
            " `privacy.messages` decides who can send to the caller, open a room with them (others get `cannot_send`) "
            "and find them by address or number; without `read_receipts` nobody sees in a room of two what the other "
            "one reads."
        ),
        request=MeInput,
        responses={HTTPStatus.OK: MeSerializer} | problems(*BODY, *CALLER),
        examples=[_CHANGES, _ME],
    )
    def partial_update(self, request: Request) -> Response:
        """PATCH accounts/me/"""
        user = caller(request).user
        change_profile(user=user, changes=read(MeInput, request.data))
        return Response(MeSerializer(user).data)


class _ByUsername(CursorPage):
    ordering = "username_key"


class UserViewSet(ViewSet):
    """Other people."""

    pagination_class = _ByUsername

    @extend_schema(
        summary="Search people",
        description=(
            "By the start of a username or display name (any case), or by a whole email address or verified mobile "
            "number of somebody who lets the caller write to them. At least two characters. The caller is not "
            "among the results."
        ),
        parameters=[SearchInput],
        responses={HTTPStatus.OK: PersonSerializer(many=True)} | problems(*CALLER, InvalidInput, InvalidCursor),
        examples=[_PROFILE],
    )
    def list(self, request: Request) -> Response:
        """GET users/?search="""
        user = caller(request).user
        limit("search", str(user.pk))
        text = read(SearchInput, {"search": request.query_params.get("search", "")})["search"]
        page = _ByUsername()
        people = User.objects.get_queryset().active().matching(text, known=lets_write(user.pk)).exclude(pk=user.pk)
        rows = page.paginate_queryset(as_seen_by(user, people), request, self) or []
        return page.get_paginated_response(PersonSerializer(rows, many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("user", str, OpenApiParameter.PATH, description="An id or a username.")],
        summary="A person's profile",
        description="`user` is an id or a username. Never shows another's email or number.",
        responses={HTTPStatus.OK: PersonSerializer} | problems(*CALLER, NotFound),
        examples=[_PROFILE],
    )
    def retrieve(self, request: Request, user: str) -> Response:
        """GET users/{user}/"""
        person = as_seen_by(caller(request).user, User.objects.referred_to(user).active()).first()
        if person is None:
            raise NotFound
        return Response(PersonSerializer(person).data)
