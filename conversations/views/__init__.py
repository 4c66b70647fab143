"""The REST calls of conversations."""

from conversations.views.blocks import BlockViewSet
from conversations.views.catching_up import ChangesViewSet, SyncViewSet
from conversations.views.marks import MarkViewSet
from conversations.views.messages import MessageViewSet
from conversations.views.rooms import RoomViewSet

__all__ = ["BlockViewSet", "ChangesViewSet", "MarkViewSet", "MessageViewSet", "RoomViewSet", "SyncViewSet"]
