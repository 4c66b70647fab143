"""What comes back, for the OpenAPI document. `shapes` makes it; a test holds both together."""

from typing import Any

from rest_framework import serializers

from accounts.serializers import UserSerializer
from chatapi.rest import MomentField
from conversations.models import Membership, Message, Room


class QuoteSchema(serializers.Serializer[Any]):
    """The message that a message answers."""

    id = serializers.UUIDField(help_text="Its id.")
    seq = serializers.IntegerField(help_text="Its place in the room.")
    sender = UserSerializer(help_text="Who wrote it.")
    text = serializers.CharField(allow_blank=True, help_text="Its text as it is now; empty when deleted.")
    kind = serializers.ChoiceField(Message.Kind.choices, help_text="What it is made of.")


class MineSchema(serializers.Serializer[Any]):
    """What the caller alone has made of a message."""

    starred = serializers.BooleanField(help_text="Whether it is starred.")
    reaction = serializers.CharField(allow_null=True, help_text="The caller's reaction.")
    played = serializers.BooleanField(help_text="Whether its audio or video was played.")


class SharedMessageSchema(serializers.Serializer[Any]):
    """A message as everybody in the room sees it: in socket frames."""

    id = serializers.UUIDField(help_text="Stable id.")
    room_name = serializers.CharField(help_text="The room it is in.")
    seq = serializers.IntegerField(help_text="Its place in the room: 1, 2, 3 and so on, without holes.")
    rev = serializers.IntegerField(help_text="The room's `rev` at which it last changed; the higher one wins.")
    client_id = serializers.UUIDField(help_text="What the sender called it.")
    kind = serializers.ChoiceField(Message.Kind.choices, help_text="What it is made of.")
    sender = UserSerializer(help_text="Who sent it.")
    text = serializers.CharField(allow_blank=True, help_text="The text; empty when deleted.")
    attachments = serializers.ListField(child=serializers.DictField(), help_text="Files; none yet.")
    reply_to = QuoteSchema(allow_null=True, help_text="The message it answers.")
    mentions = serializers.ListField(child=serializers.DictField(), help_text="Mentioned users; none yet.")
    forward_count = serializers.IntegerField(help_text="How often its content was forwarded.")
    reactions = serializers.ListField(child=serializers.DictField(), help_text="Reactions; none yet.")
    pinned_until = MomentField(allow_null=True, help_text="Pinned until then.")
    expires_at = MomentField(allow_null=True, help_text="When it disappears.")
    system = serializers.DictField(allow_null=True, help_text="What happened, for a system message.")
    content = serializers.DictField(allow_null=True, help_text="Structured content.")
    context = serializers.DictField(  # type: ignore[assignment]  # Field has an attribute of that name
        allow_null=True, help_text="What it refers to outside of the room."
    )
    extra = serializers.DictField(allow_null=True, help_text="The app's own data.")
    created_at = MomentField(help_text="When it was stored. For showing; the order is by `seq`.")
    edited_at = MomentField(allow_null=True, help_text="When it was last edited.")
    deleted_at = MomentField(allow_null=True, help_text="When it was deleted: a tombstone without text.")


class MessageSchema(SharedMessageSchema):
    """A message in a REST or sync answer."""

    mine = MineSchema(help_text="What the caller alone has made of it.")


class MarksSchema(serializers.Serializer[Any]):
    """Two marks."""

    delivered_seq = serializers.IntegerField(help_text="Delivered up to here.")
    read_seq = serializers.IntegerField(help_text="Read up to here.")


class CanSchema(serializers.Serializer[Any]):
    """What the caller may do in the room now."""

    send = serializers.BooleanField(help_text="Send messages.")
    edit = serializers.BooleanField(help_text="Change the shared part of the room.")
    add = serializers.BooleanField(help_text="Add people.")


class OwnSettingsSchema(serializers.Serializer[Any]):
    """Everything about a room that depends on who looks."""

    state = serializers.ChoiceField(Membership.State.choices, help_text="Where the caller stands.")
    role = serializers.ChoiceField(Membership.Role.choices, help_text="What the caller is in a group.")
    last_read_seq = serializers.IntegerField(help_text="Read up to here, on any device.")
    unread_count = serializers.IntegerField(help_text="Messages of others above the mark, counted from the rows.")
    mention_count = serializers.IntegerField(help_text="How many of them mention the caller.")
    muted_until = MomentField(allow_null=True, help_text="No badge until then.")
    archived = serializers.BooleanField(help_text="Out of the main list and the badge.")
    pinned_at = MomentField(allow_null=True, help_text="Since when it is pinned.")
    marked_unread = serializers.BooleanField(help_text="A reminder to come back.")
    first_visible_seq = serializers.IntegerField(help_text="Where the history begins for the caller.")
    can = CanSchema(help_text="What the caller may do.")
    cannot_send_reason = serializers.CharField(allow_null=True, help_text="The problem code a send would get.")


class RoomSchema(serializers.Serializer[Any]):
    """A room as the caller sees it."""

    room_name = serializers.CharField(help_text="The name in URLs; also for `ws/chat/<room_name>/`.")
    kind = serializers.ChoiceField(Room.Kind.choices, help_text="Between two people, or a group.")
    title = serializers.CharField(help_text="The name to show: the group's, or the other person's.")
    avatar_url = serializers.CharField(allow_null=True, help_text="The picture to show.")
    seq = serializers.IntegerField(help_text="The number of the newest message.")
    rev = serializers.IntegerField(help_text="The head of the room's changes; not your cursor.")
    marks = serializers.IntegerField(help_text="The head of the room's receipts; not your cursor.")
    last_activity_at = MomentField(help_text="When the newest message was stored, or the room was opened.")
    last_message = MessageSchema(allow_null=True, help_text="The newest message, if the caller may see it.")
    created_at = MomentField(help_text="When the room was opened.")
    extra = serializers.DictField(help_text="The app's own data about the room.")
    disappearing_seconds = serializers.IntegerField(
        allow_null=True, help_text="How long new messages stay; null: for good. Always null so far."
    )
    members_count = serializers.IntegerField(help_text="How many people are in it.")
    others = MarksSchema(help_text="The lowest marks over the other members: one, two or coloured ticks.")
    peer = UserSerializer(allow_null=True, help_text="The other person of a direct room.")
    group = serializers.DictField(allow_null=True, help_text="The rules of a group.")
    my = OwnSettingsSchema(help_text="What depends on who looks.")


class RoomPageSchema(serializers.Serializer[Any]):
    """A page of rooms."""

    results = RoomSchema(many=True, help_text="The rooms.")
    next = serializers.CharField(allow_null=True, help_text="Path of the next page.")
    previous = serializers.CharField(allow_null=True, help_text="Path of the page before.")


class MessagePageSchema(serializers.Serializer[Any]):
    """A page of messages."""

    results = MessageSchema(many=True, help_text="The messages.")
    next = serializers.CharField(allow_null=True, help_text="Path of the next page in the same direction.")
    previous = serializers.CharField(allow_null=True, help_text="Path of the page in the other direction.")


class ReceiptSchema(serializers.Serializer[Any]):
    """A member's marks, as others may see them."""

    user = UserSerializer(help_text="Whose marks.")
    delivered_seq = serializers.IntegerField(help_text="Delivered up to here.")
    read_seq = serializers.IntegerField(help_text="Read up to here.")


class ReceiptListSchema(serializers.Serializer[Any]):
    """The marks of a room."""

    marks = serializers.IntegerField(help_text="The room's receipt counter they belong to.")
    results = ReceiptSchema(many=True, help_text="One entry per member.")
