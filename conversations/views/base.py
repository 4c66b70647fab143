"""What these views share: the caller, and the only way from a name to a room."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.authentication import caller
from accounts.models import User
from conversations.models import Membership
from conversations.models.membership import membership_in

ROOM_NAME = OpenApiParameter("room_name", str, OpenApiParameter.PATH, description="The room's name.")
MESSAGE_ID = OpenApiParameter("message_id", str, OpenApiParameter.PATH, description="The message's id.")


def own_membership(request: Request, room_name: str) -> Membership:
    """The caller's membership in a room: the only way from a name to a room. Raises NotFound."""
    return membership_in(user_of(request), room_name)


def user_of(request: Request) -> User:
    """Who calls."""
    return caller(request).user
