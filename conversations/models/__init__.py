"""Rooms, memberships, messages, receipts."""

from conversations.models.epoch import Epoch
from conversations.models.membership import Membership
from conversations.models.message import Message
from conversations.models.receipt import Receipt
from conversations.models.room import Room, RoomHead, RoomMarks

__all__ = ["Epoch", "Membership", "Message", "Receipt", "Room", "RoomHead", "RoomMarks"]
