"""The REST calls of conversations: understand the input, one action or one read, shape the answer."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts.authentication import caller
from accounts.models import User
from accounts.views.base import BODY, CALLER, read
from chatapi import ids
from chatapi.errors import InvalidCursor, InvalidInput, NotFound, UnknownField
from chatapi.schema import problems
from chatapi.throttling import limit
from conversations import examples
from conversations.actions.marks import mark_delivered, mark_read
from conversations.actions.messages import Draft, send_message
from conversations.actions.rooms import change_own_settings, change_room, clear_room, open_direct_room
from conversations.catchup import Since, changes_json
from conversations.errors import ClientIdReused, NotAMember
from conversations.listing import room_of, rooms_json
from conversations.models import Membership, Message, RoomMarks
from conversations.pages import message_page, room_page
from conversations.schemas import (
    MarksSchema,
    MessagePageSchema,
    MessageSchema,
    ReceiptListSchema,
    RoomPageSchema,
    RoomSchema,
)
from conversations.serializers import (
    ChangesQuery,
    DeliveredInput,
    MessageInput,
    MessageQuery,
    RoomPatch,
    RoomQuery,
    SeqInput,
    SyncInput,
    UserReferenceSerializer,
)
from conversations.shapes import own_message_json, receipt_json
from conversations.sync import Cursor, Known, sync
from conversations.sync_schemas import ChangesSchema, SyncSchema

ROOM_NAME = OpenApiParameter("room_name", str, OpenApiParameter.PATH, description="The room's name.")
MESSAGE_ID = OpenApiParameter("message_id", str, OpenApiParameter.PATH, description="The message's id.")


def own_membership(request: Request, room_name: str) -> Membership:
    """The caller's membership in a room: the only way from a name to a room. Raises NotFound."""
    return Membership.objects.in_room(_user(request), room_name)


def _user(request: Request) -> User:
    return caller(request).user


class RoomViewSet(ViewSet):
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
        page = room_page(_user(request), read(RoomQuery, request.query_params.dict()))
        return Response({"results": rooms_json(page.rows), **page.links(request.path)})

    @extend_schema(
        summary="Open a conversation",
        description=(
            "The one direct room of the caller and the given user, made now (201) or earlier (200). With oneself: "
            "notes. Its `room_name` is what messages, history and `ws/chat/<room_name>/` are addressed with. "
            "The other person sees the room once somebody has written in it."
        ),
        request=UserReferenceSerializer,
        responses={HTTPStatus.CREATED: RoomSchema, HTTPStatus.OK: RoomSchema} | problems(*BODY, NotFound, *CALLER),
        examples=[examples.OPEN, examples.NEW_ROOM, examples.KNOWN_ROOM],
    )
    def create(self, request: Request) -> Response:
        """POST conversations/"""
        other = User.objects.find(read(UserReferenceSerializer, request.data)["user"])
        membership, created = open_direct_room(user=_user(request), other=other)
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


@extend_schema(tags=["messages"])
class MessageViewSet(ViewSet):
    """The messages of a room."""

    @extend_schema(
        summary="Messages of a room",
        description=(
            "Without a parameter the newest ones. `before` and none give the newest first, `after` and `around` the "
            "oldest first. Pages are by `seq`, so nothing moves while you page."
        ),
        parameters=[ROOM_NAME, MessageQuery],
        responses={HTTPStatus.OK: MessagePageSchema} | problems(InvalidInput, UnknownField, NotFound, *CALLER),
        examples=[examples.MESSAGES],
    )
    def list(self, request: Request, room_name: str) -> Response:
        """GET conversations/{room_name}/messages/"""
        query = read(MessageQuery, request.query_params.dict())
        page = message_page(own_membership(request, room_name), query)
        return Response({"results": [own_message_json(row) for row in page.rows], **page.links(request.path)})

    @extend_schema(
        summary="Send a message",
        description=(
            "The answer comes after the commit: an answered message is never lost. Give a `client_id`, a fresh UUID "
            "for each message, and repeat the call as often as you like, also on the socket: the message exists once, "
            "a repeat gets it with 200. The same `client_id` with another body is a 409. Without one the server makes "
            "one, and a repeat is another message."
        ),
        parameters=[ROOM_NAME],
        request=MessageInput,
        responses={HTTPStatus.CREATED: MessageSchema, HTTPStatus.OK: MessageSchema}
        | problems(*BODY, NotAMember, NotFound, ClientIdReused, *CALLER),
        examples=[examples.SEND, examples.SEND_SAFELY, examples.SENT],
    )
    def create(self, request: Request, room_name: str) -> Response:
        """POST conversations/{room_name}/messages/"""
        limit("send", str(_user(request).pk))
        membership = own_membership(request, room_name)
        given = read(MessageInput, request.data)
        sent = send_message(draft=Draft(room_id=membership.room_id, sender=_user(request), **given))
        return Response(own_message_json(sent.message), HTTPStatus.CREATED if sent.created else HTTPStatus.OK)

    @extend_schema(
        summary="A message",
        description="One message as it is now.",
        parameters=[ROOM_NAME, MESSAGE_ID],
        responses={HTTPStatus.OK: MessageSchema} | problems(NotFound, *CALLER),
        examples=[examples.ONE_MESSAGE],
    )
    def retrieve(self, request: Request, room_name: str, message_id: str) -> Response:
        """GET conversations/{room_name}/messages/{id}/"""
        membership = own_membership(request, room_name)
        message = Message.objects.complete().visible_to(membership).filter(pk__in=ids.parse_uuids([message_id])).first()
        if message is None:
            raise NotFound
        return Response(own_message_json(message))


@extend_schema(tags=["messages"])
class MarkViewSet(ViewSet):
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
        moved = mark(user=_user(request), seqs={membership.room_id: seq})
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
        rooms = Membership.objects.of(_user(request)).filter(room__name__in=list(given))
        seqs = {room_id: given[name] for room_id, name in rooms.values_list("room_id", "room__name")}
        mark_delivered(user=_user(request), seqs=seqs)
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


@extend_schema(tags=["sync"])
class ChangesViewSet(ViewSet):
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
        answer, cursor = sync(_user(request), known, Cursor.decode(place) if place else None)
        following = f"{request.path}?cursor={cursor.encode()}" if cursor else None
        return Response(answer | {"next": following})
