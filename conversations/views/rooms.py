"""Rooms: understand the input, one action or one read, shape the answer."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.views.base import BODY, CALLER, read
from chatapi.errors import InvalidCursor, InvalidInput, NotFound, UnknownField
from chatapi.schema import problems
from conversations import examples
from conversations.actions.rooms import change_own_settings, change_room, clear_room, open_direct_room
from conversations.errors import CannotSend, NotAMember
from conversations.listing import room_of, rooms_json
from conversations.pages import room_page
from conversations.schemas import (
    RoomPageSchema,
    RoomSchema,
)
from conversations.serializers import (
    RoomPatch,
    RoomQuery,
    UserReferenceSerializer,
)
from conversations.views.base import ROOM_NAME, InRoomViewSet, own_membership, user_of


class RoomViewSet(InRoomViewSet):
    """The caller's rooms."""

    @extend_schema(
        summary="My rooms",
        description=(
            "All rooms of the caller, pinned ones first, then by activity, each with its last message and unread "
            "count. A room moves while you page: key entries by `room_name`."
        ),
        parameters=[RoomQuery],
        responses={HTTPStatus.OK: RoomPageSchema} | problems(InvalidInput, UnknownField, InvalidCursor, *CALLER),
        examples=[examples.ROOMS],
    )
    def list(self, request: Request) -> Response:
        """GET conversations/"""
        page = room_page(user_of(request), read(RoomQuery, request.query_params.dict()))
        return Response({"results": rooms_json(page.rows), **page.links(request.path)})

    @extend_schema(
        summary="Open a conversation",
        description=(
            "The one direct room of the caller and the given user, made now (201) or earlier (200). With oneself: "
            "notes. Its `room_name` is what messages, history and `ws/chat/<room_name>/` are addressed with. "
            "The other person sees the room once somebody has written in it. Where there is no room yet and nothing "
            "could be sent, none is made: `cannot_send`."
        ),
        request=UserReferenceSerializer,
        responses={HTTPStatus.CREATED: RoomSchema, HTTPStatus.OK: RoomSchema}
        | problems(*BODY, CannotSend, NotFound, *CALLER),
        examples=[examples.OPEN, examples.NEW_ROOM, examples.KNOWN_ROOM],
    )
    def create(self, request: Request) -> Response:
        """POST conversations/"""
        other = User.objects.find(read(UserReferenceSerializer, request.data)["user"])
        membership, created = open_direct_room(user=user_of(request), other=other)
        return Response(room_of(membership), HTTPStatus.CREATED if created else HTTPStatus.OK)

    @extend_schema(
        summary="A room",
        description="The room as the caller sees it now; also one they have left.",
        parameters=[ROOM_NAME],
        responses={HTTPStatus.OK: RoomSchema} | problems(NotFound, *CALLER),
        examples=[examples.ONE_ROOM],
    )
    def retrieve(self, request: Request, room_name: str) -> Response:
        """GET conversations/{room_name}/"""
        return Response(room_of(own_membership(request, room_name)))

    @extend_schema(
        summary="Change a room",
        description=(
            "Own settings (`muted_until`, `archived`, `pinned`, `marked_unread`) are only the caller's and reach their "
            "other devices. `extra` is shared: everybody in the room gets `room.updated`."
        ),
        parameters=[ROOM_NAME],
        request=RoomPatch,
        responses={HTTPStatus.OK: RoomSchema} | problems(*BODY, NotAMember, NotFound, *CALLER),
        examples=[examples.PIN, examples.ONE_ROOM],
    )
    def partial_update(self, request: Request, room_name: str) -> Response:
        """PATCH conversations/{room_name}/"""
        membership = own_membership(request, room_name)
        given = read(RoomPatch, request.data)
        shared = {name: value for name, value in given.items() if name in RoomPatch.SHARED}
        own = {name: value for name, value in given.items() if name not in RoomPatch.SHARED}
        if shared:
            change_room(membership=membership, changes=shared)
        if own:
            change_own_settings(membership=membership, changes=own)
        return Response(room_of(membership))

    @extend_schema(
        summary="Clear a room for me",
        description=(
            "Empties the room for the caller alone: the history begins anew, nothing is unread, and the room leaves "
            "the list until the next message. The others keep everything."
        ),
        parameters=[ROOM_NAME],
        responses={HTTPStatus.NO_CONTENT: None} | problems(NotFound, *CALLER),
    )
    def destroy(self, request: Request, room_name: str) -> Response:
        """DELETE conversations/{room_name}/"""
        clear_room(membership=own_membership(request, room_name))
        return Response(status=HTTPStatus.NO_CONTENT)
