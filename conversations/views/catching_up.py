"""Exact catch-up, of a room and of a device."""

from http import HTTPStatus

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.views.base import BODY, CALLER, read
from chatapi.errors import InvalidCursor, InvalidInput, NotFound, UnknownField
from chatapi.schema import problems
from conversations import examples
from conversations.catchup import Since, changes_json
from conversations.serializers import (
    ChangesQuery,
    SyncInput,
)
from conversations.sync import Cursor, Known, sync
from conversations.sync_schemas import ChangesSchema, SyncSchema
from conversations.views.base import ROOM_NAME, InRoomViewSet, own_membership, user_of


@extend_schema(tags=["sync"])
class ChangesViewSet(InRoomViewSet):
    """Exact catch-up in one room."""

    @extend_schema(
        summary="What I missed in a room",
        description=(
            "Every row of the room that changed after `since`, once, as it is now, in `rev` order: the frames the "
            "socket would have carried. At most 1,000; `complete` tells whether to ask again from `rev`. "
            "Numbers never expire."
        ),
        parameters=[ROOM_NAME, ChangesQuery],
        responses={HTTPStatus.OK: ChangesSchema} | problems(InvalidInput, UnknownField, NotFound, *CALLER),
        examples=[examples.MISSED, examples.ANOTHER_EPOCH],
    )
    def list(self, request: Request, room_name: str) -> Response:
        """GET conversations/{room_name}/changes/"""
        membership = own_membership(request, room_name)
        query = read(ChangesQuery, request.query_params.dict())
        since = Since(query["since"], query["marks"])
        return Response(changes_json(membership, since, query.get("epoch")))


class SyncViewSet(ViewSet):
    """Exact catch-up of a device."""

    @extend_schema(
        summary="What this device missed",
        description=(
            "Send what the device has; only rooms that changed come back, newest activity first, at most 100 a call: "
            "POST the same body to `next` for more. With `{}` it is the start of a new device. In a room with more "
            "than 20 changes `limited` is true and the newest 20 are given: take the newest page of messages."
        ),
        parameters=[OpenApiParameter("cursor", str, description="Part of `next`.")],
        request=SyncInput,
        responses={HTTPStatus.OK: SyncSchema} | problems(*BODY, InvalidCursor, *CALLER),
        examples=[examples.NEW_DEVICE, examples.OLD_DEVICE, examples.SYNC_ALL, examples.SYNC_MISSED],
    )
    def create(self, request: Request) -> Response:
        """POST sync/"""
        given = read(SyncInput, request.data)
        known = Known(
            epoch=given.get("epoch", ""),
            me=given["me"],
            rooms={name: Since(**numbers) for name, numbers in given["rooms"].items()},
        )
        place = request.query_params.get("cursor")
        answer, cursor = sync(user_of(request), known, Cursor.decode(place) if place else None)
        following = f"{request.path}?cursor={cursor.encode()}" if cursor else None
        return Response(answer | {"next": following})
