"""The people whom the caller does not want to hear from."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import relation_examples as examples
from accounts.actions.blocks import remove_block
from accounts.errors import LimitReached
from accounts.models import Block, User
from accounts.relation_serializers import BlockInput, BlockSerializer
from accounts.views.base import BODY, CALLER, read
from accounts.views.contacts import PERSON
from chatapi.errors import InvalidCursor, InvalidInput, NotFound
from chatapi.pagination import CursorPage
from chatapi.schema import asked, problems, shown
from chatapi.throttling import limit
from conversations.actions.blocks import block_person
from conversations.views.base import user_of

_BLOCK = shown("A block", examples.BLOCK)


class BlockViewSet(ViewSet):
    """The caller's blocks."""

    pagination_class = CursorPage

    @extend_schema(
        summary="Whom I have blocked",
        description="Newest first. Who has blocked the caller is told nowhere.",
        responses={HTTPStatus.OK: BlockSerializer(many=True)} | problems(*CALLER, InvalidInput, InvalidCursor),
        examples=[_BLOCK],
    )
    def list(self, request: Request) -> Response:
        """GET blocks/"""
        page = CursorPage()
        rows = page.paginate_queryset(Block.objects.of(user_of(request)).live(), request, self) or []
        return page.get_paginated_response(BlockSerializer(rows, many=True).data)

    @extend_schema(
        summary="Block somebody",
        description=(
            "From the answer on neither can send into the room of the two (`cannot_send`, the code that privacy and "
            "ended accounts give, too), and typing and receipts stop in both directions. No socket closes, nothing "
            "that was said goes away, groups are not affected, and the other one is not told. 200 where it is so "
            "already. The caller's other devices get `block.updated`."
        ),
        request=BlockInput,
        responses={HTTPStatus.CREATED: BlockSerializer, HTTPStatus.OK: BlockSerializer}
        | problems(*BODY, NotFound, LimitReached, *CALLER),
        examples=[asked("By username", {"user": "mallory"}), _BLOCK],
    )
    def create(self, request: Request) -> Response:
        """POST blocks/"""
        limit("contacts", str(user_of(request).pk))
        person = User.objects.find(read(BlockInput, request.data)["user"])
        block, is_new = block_person(user=user_of(request), person=person)
        return Response(BlockSerializer(block).data, HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    @extend_schema(
        summary="Take a block back",
        description="What could not be sent meanwhile does not arrive later. The other one is not told.",
        parameters=[PERSON],
        responses={HTTPStatus.NO_CONTENT: None} | problems(NotFound, *CALLER),
    )
    def destroy(self, request: Request, user: str) -> Response:
        """DELETE blocks/{user}/"""
        limit("contacts", str(user_of(request).pk))
        remove_block(user=user_of(request), reference=user)
        return Response(status=HTTPStatus.NO_CONTENT)
