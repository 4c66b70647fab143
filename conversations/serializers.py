"""Inputs of rooms, strict and the same for REST and sockets."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.fields import ExtraField
from chatapi import ids
from chatapi.limits import limits
from chatapi.rest import MomentField, StrictSerializer
from conversations.models import Room

MAX_NUMBER = 2**62


class NumberField(serializers.IntegerField):
    """A place or a counter: a whole number, never negative, small enough for the database."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=MAX_NUMBER, **options)


class UserReferenceSerializer(StrictSerializer):
    """Somebody, by id or username."""

    user = serializers.CharField(max_length=64, help_text="Whom to talk with: an id or a username. Oneself: notes.")


class MessageInput(StrictSerializer):
    """A message to send, over REST or in a `message.send` frame."""

    client_id = serializers.UUIDField(
        required=False,
        help_text="A UUID the client makes once per message and keeps until the answer: a repeat is then harmless.",
    )
    text = serializers.CharField(
        max_length=limits().text_characters, trim_whitespace=False, help_text="What to say; not only white space."
    )
    reply_to = serializers.UUIDField(required=False, allow_null=True, help_text="The message of this room it answers.")
    extra = ExtraField(required=False, allow_null=True, help_text="The app's own data, up to 4 KiB.")

    def validate_text(self, value: str) -> str:
        if not value.strip():
            raise serializers.ValidationError("The text is empty.", code="blank")
        return value


class SeqInput(StrictSerializer):
    """How far."""

    seq = NumberField(help_text="Everything up to this number. Above the head it means the head; it never goes back.")


class _ByRoom(serializers.DictField):
    """Something per room, for a bounded number of rooms."""

    def __init__(self, *, maximum: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._maximum = maximum or limits().rooms_per_call

    default_error_messages = {
        "too_many": "At most {limit} rooms can be named at once.",
        "no_room": "{name} is not the name of a room.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping):
            if len(data) > self._maximum:
                self.fail("too_many", limit=self._maximum)
            for name in data:
                if not ids.is_room_name(str(name)):
                    self.fail("no_room", name=repr(str(name))[:80])
        value: dict[str, Any] = super().to_internal_value(data)
        return value


class DeliveredInput(StrictSerializer):
    """How far, in several rooms at once."""

    rooms = _ByRoom(child=NumberField(), help_text="Room name to `seq`. Rooms that are not yours are passed over.")


class RoomPatch(StrictSerializer):
    """What can be changed about a room: own settings, and the part shared by its members."""

    muted_until = MomentField(required=False, allow_null=True, help_text="No badge until then; null: not muted.")
    archived = serializers.BooleanField(required=False, help_text="Out of the main list and the badge.")
    pinned = serializers.BooleanField(required=False, help_text="At the top of the list.")
    marked_unread = serializers.BooleanField(required=False, help_text="A reminder to come back; reading clears it.")
    extra = ExtraField(required=False, help_text="Shared: the app's own data about the room, up to 4 KiB.")

    SHARED = frozenset({"extra"})


class SinceInput(StrictSerializer):
    """What a device has of one room."""

    rev = NumberField(help_text="The number up to which the room's frames were applied.")
    marks = NumberField(required=False, default=0, help_text="The same for receipts.")


class SinceFrameInput(StrictSerializer):
    """From where on a room's changes are wanted, in a `changes` frame."""

    since = NumberField(help_text="The `rev` up to which you have the room.")
    marks = NumberField(required=False, default=0, help_text="The `marks` up to which you have its receipts.")


class SyncInput(StrictSerializer):
    """What a device has; `{}` for a new one."""

    epoch = serializers.CharField(required=False, allow_blank=True, max_length=64, help_text="As last answered.")
    me = NumberField(required=False, default=0, help_text="`me.rev` as last answered.")
    rooms = _ByRoom(child=SinceInput(), required=False, default=dict, help_text="Room name to its numbers.")


class ResumeInput(SyncInput):
    """What a device has, in a `resume` frame: at most 500 rooms, the rest in further frames; `me` in the last one."""

    me = NumberField(required=False, help_text="The user's own number. Left out while more `resume` frames follow.")
    rooms = _ByRoom(
        child=SinceInput(),
        required=False,
        default=dict,
        maximum=500,
        help_text="Room name to its numbers, at most 500.",
    )


class FocusInput(StrictSerializer):
    """Whether somebody is looking."""

    state = serializers.ChoiceField(
        ["active", "away"], help_text="`away`: in the background; nothing passing (typing) is sent until `active`."
    )


class TypingInput(StrictSerializer):
    """What somebody is doing."""

    state = serializers.ChoiceField(["typing", "recording", "idle"], help_text="What the user is doing.")


class MessageQuery(StrictSerializer):
    """Which page of a room's messages: at most one of `before`, `after`, `around`."""

    before = NumberField(required=False, help_text="Messages below this `seq`, newest first.")
    after = NumberField(required=False, help_text="Messages above this `seq`, oldest first.")
    around = NumberField(required=False, help_text="Messages on both sides of this `seq`, oldest first.")
    limit = serializers.IntegerField(
        required=False,
        default=limits().page_default,
        min_value=1,
        max_value=limits().page_maximum,
        help_text="Entries per page.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len({"before", "after", "around"} & attrs.keys()) > 1:
            raise serializers.ValidationError("Give one of before, after and around.", code="ambiguous")
        return attrs


class ChangesQuery(SinceFrameInput):
    """From where on a room's changes are wanted."""

    epoch = serializers.CharField(required=False, allow_blank=True, max_length=64, help_text="The epoch of both.")


class RoomQuery(StrictSerializer):
    """Which page of the own rooms."""

    kind = serializers.ChoiceField(Room.Kind.choices, required=False, help_text="Only rooms of this kind.")
    archived = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Only archived rooms, or only the others."
    )
    limit = serializers.IntegerField(
        required=False,
        default=limits().page_default,
        min_value=1,
        max_value=limits().page_maximum,
        help_text="Entries per page.",
    )
    cursor = serializers.CharField(required=False, max_length=300, help_text="Part of `next` and `previous`.")
