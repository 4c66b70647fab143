"""Ticks and badges."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.views.base import BODY, CALLER, read
from chatapi.errors import NotFound
from chatapi.schema import problems
from conversations import examples
from conversations.actions.marks import mark_delivered, mark_read
from conversations.errors import NotAMember
from conversations.models import Membership, RoomMarks
from conversations.schemas import (
    MarksSchema,
    ReceiptListSchema,
)
from conversations.serializers import (
    DeliveredInput,
    SeqInput,
)
from conversations.shapes import receipt_json
from conversations.views.base import ROOM_NAME, InRoomViewSet, own_membership, user_of


@extend_schema(tags=["messages"])
class MarkViewSet(InRoomViewSet):
    """Ticks and badges."""

    @extend_schema(
        summary="Say what was delivered",
        description="Everything up to `seq` has reached a device of the caller. Never goes back; the others see it.",
        parameters=[ROOM_NAME],
        request=SeqInput,
        responses={HTTPStatus.OK: MarksSchema} | problems(*BODY, NotAMember, NotFound, *CALLER),
        examples=[examples.UP_TO, examples.MARKS],
    )
    def delivered(self, request: Request, room_name: str) -> Response:
        """POST conversations/{room_name}/delivered/"""
        return self._mark(request, room_name, mark_delivered)

    @extend_schema(
        summary="Say what was read",
        description=(
            "Everything up to `seq` was read, and so delivered. Moves the badge on all devices of the caller; the "
            "others see it unless the caller hides receipts. Only this moves the read mark: sending does not."
        ),
        parameters=[ROOM_NAME],
        request=SeqInput,
        responses={HTTPStatus.OK: MarksSchema} | problems(*BODY, NotAMember, NotFound, *CALLER),
        examples=[examples.UP_TO, examples.MARKS],
    )
    def read(self, request: Request, room_name: str) -> Response:
        """POST conversations/{room_name}/read/"""
        return self._mark(request, room_name, mark_read)

    def _mark(self, request: Request, room_name: str, mark: Any) -> Response:
        membership = own_membership(request, room_name)
        seq = read(SeqInput, request.data)["seq"]
        moved = mark(user=user_of(request), seqs={membership.room_id: seq})
        if not moved:
            raise NotAMember
        return Response({"delivered_seq": moved[0].delivered_seq, "read_seq": moved[0].last_read_seq})

    @extend_schema(
        summary="Say what was delivered in several rooms",
        description="As for one room, for up to 2,000 rooms at once: what a device calls after `sync/`.",
        request=DeliveredInput,
        responses={HTTPStatus.NO_CONTENT: None} | problems(*BODY, *CALLER),
        examples=[examples.MARKS_OF_ROOMS],
    )
    def delivered_in_rooms(self, request: Request) -> Response:
        """POST delivered/"""
        given = read(DeliveredInput, request.data)["rooms"]
        rooms = Membership.objects.of(user_of(request)).filter(room__name__in=list(given))
        seqs = {room_id: given[name] for room_id, name in rooms.values_list("room_id", "room__name")}
        mark_delivered(user=user_of(request), seqs=seqs)
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(
        summary="Receipts of a room",
        description="How far each member has received and read, as far as they show it.",
        parameters=[ROOM_NAME],
        responses={HTTPStatus.OK: ReceiptListSchema} | problems(NotAMember, NotFound, *CALLER),
        examples=[examples.RECEIPTS],
    )
    def list(self, request: Request, room_name: str) -> Response:
        """GET conversations/{room_name}/receipts/"""
        membership = own_membership(request, room_name)
        if not membership.is_active:
            raise NotAMember
        marks = RoomMarks.objects.values_list("marks", flat=True).get(room=membership.room_id)
        members = Membership.objects.filter(room=membership.room_id, state=Membership.State.MEMBER)
        rows = members.select_related("user").order_by("created_at", "pk")
        return Response({"marks": marks, "results": [receipt_json(row) for row in rows]})
