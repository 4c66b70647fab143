"""What catching up answers, for the documents: frames like those of the sockets, in lists."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from chatapi.frame_schema import Frame
from conversations.frame_schemas import (
    BLOCK_UPDATED,
    CONTACT_UPDATED,
    MEMBER_JOINED,
    MEMBER_LEFT,
    OWN_MESSAGE_CREATED,
    OWN_MESSAGE_UPDATED,
    RECEIPT_UPDATED,
    ROOM_UPDATED,
    USER_UPDATED,
)
from conversations.schemas import RoomSchema


def _one_of(name: str, *frames: Frame) -> Any:
    return PolymorphicProxySerializer(name, {one.kind: one.schema for one in frames}, resource_type_field_name="type")


@extend_schema_field(
    _one_of("Change", OWN_MESSAGE_CREATED, OWN_MESSAGE_UPDATED, ROOM_UPDATED, MEMBER_JOINED, MEMBER_LEFT)
)
class ChangeField(serializers.DictField):
    """A durable frame of a room."""


@extend_schema_field(_one_of("OwnChange", USER_UPDATED, CONTACT_UPDATED, BLOCK_UPDATED))
class OwnChangeField(serializers.DictField):
    """A frame about the user's own."""


class ChangesSchema(serializers.Serializer[Any]):
    """What a client lacks of a room, or `{"reset": true}`: then take the room anew."""

    epoch = serializers.CharField(help_text="The history the numbers belong to.")
    rev = serializers.IntegerField(required=False, help_text="Your number after applying `changes`.")
    marks = serializers.IntegerField(required=False, help_text="Your number after applying `receipts`.")
    changes = serializers.ListField(
        child=ChangeField(), required=False, help_text="Durable frames in order, at most 1,000."
    )
    receipts = RECEIPT_UPDATED.schema(many=True, required=False, help_text="`receipt.updated` frames.")
    complete = serializers.BooleanField(required=False, help_text="False: ask again from `rev`.")
    reset = serializers.BooleanField(required=False, help_text="True: your numbers mean nothing here any more.")


class MeChangesSchema(serializers.Serializer[Any]):
    """What is the user's own and not about a room."""

    rev = serializers.IntegerField(help_text="The counter to send next time.")
    changes = serializers.ListField(
        child=OwnChangeField(), help_text="`user.updated`, `contact.updated`, `block.updated`: at most 1,000."
    )
    complete = serializers.BooleanField(help_text="False: there is more above `rev`; call again with it.")


class SyncRoomSchema(serializers.Serializer[Any]):
    """One room that changed."""

    room = RoomSchema(help_text="The room as it is now.")
    rev = serializers.IntegerField(help_text="Your number after applying `changes`.")
    marks = serializers.IntegerField(help_text="Your number after applying `receipts`.")
    changes = serializers.ListField(child=ChangeField(), help_text="The newest frames you lack, in order.")
    receipts = RECEIPT_UPDATED.schema(many=True, help_text="`receipt.updated` frames you lack.")
    limited = serializers.BooleanField(
        help_text="True: older ones are not here. Drop what you have of the room and page from the newest message."
    )


class SyncSchema(serializers.Serializer[Any]):
    """What a device lacks."""

    epoch = serializers.CharField(help_text="The history all numbers belong to.")
    reset = serializers.BooleanField(help_text="True: what the device had is of another history; drop it.")
    badge = serializers.IntegerField(help_text="Unread messages in rooms that are neither muted nor archived.")
    me = MeChangesSchema(help_text="The user's own.")
    rooms = serializers.DictField(child=SyncRoomSchema(), help_text="Room name to what changed in it.")
    joined = serializers.ListField(child=serializers.CharField(), help_text="Rooms that are new in the list.")
    left = serializers.DictField(
        child=serializers.IntegerField(), help_text="Rooms the user is no longer in: the last `rev` they may see."
    )
    next = serializers.CharField(allow_null=True, help_text="POST the same body there for more rooms; null: all.")
