"""What these views share: the caller, and the only way from a name to a room."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from accounts.authentication import Principal, caller
from accounts.models import User
from chatapi.errors import NotFound
from conversations.callers import caller_in_room
from conversations.models import Membership

ROOM_NAME = OpenApiParameter("room_name", str, OpenApiParameter.PATH, description="The room's name.")
MESSAGE_ID = OpenApiParameter("message_id", str, OpenApiParameter.PATH, description="The message's id.")


class InRoomViewSet(ViewSet):
    """Calls about a room, or about all: the caller's membership comes with the caller, in the same query."""

    membership: Membership | None = None

    def find_caller(self, token: str) -> Principal:
        """Who a token belongs to."""
        principal, self.membership = caller_in_room(token, self.kwargs.get("room_name", ""))
        return principal


def own_membership(request: Request, room_name: str) -> Membership:
    """The caller's membership in a room: the only way from a name to a room. Raises NotFound."""
    view = request.parser_context["view"]
    membership: Membership | None = view.membership
    if membership is None or view.kwargs["room_name"] != room_name:
        raise NotFound
    return membership


def user_of(request: Request) -> User:
    """Who calls."""
    return caller(request).user
