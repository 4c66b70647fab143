"""Messages: history and sending."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.views.base import BODY, CALLER, read
from chatapi import ids
from chatapi.errors import InvalidInput, NotFound, UnknownField
from chatapi.schema import problems
from chatapi.throttling import limit
from conversations import examples
from conversations.actions.messages import Draft, send_message
from conversations.errors import CannotSend, ClientIdReused, NotAMember
from conversations.pages import message_page
from conversations.schemas import (
    MessagePageSchema,
    MessageSchema,
)
from conversations.serializers import (
    MessageInput,
    MessageQuery,
)
from conversations.shapes import own_message_json, own_message_shape
from conversations.views.base import MESSAGE_ID, ROOM_NAME, InRoomViewSet, own_membership, user_of


@extend_schema(tags=["messages"])
class MessageViewSet(InRoomViewSet):
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
        page = message_page(own_membership(request, room_name), room_name, query)
        return Response({"results": [own_message_shape(row) for row in page.rows], **page.links(request.path)})

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
        | problems(*BODY, NotAMember, CannotSend, NotFound, ClientIdReused, *CALLER),
        examples=[examples.SEND, examples.SEND_SAFELY, examples.SENT],
    )
    def create(self, request: Request, room_name: str) -> Response:
        """POST conversations/{room_name}/messages/"""
        limit("send", str(user_of(request).pk))
        membership = own_membership(request, room_name)
        given = read(MessageInput, request.data)
        sent = send_message(draft=Draft(room_id=membership.room_id, sender=user_of(request), **given))
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
        message = membership.visible_messages().complete().filter(pk__in=ids.parse_uuids([message_id])).first()
        if message is None:
            raise NotFound
        return Response(own_message_json(message))
