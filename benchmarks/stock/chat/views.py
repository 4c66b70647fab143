"""The history as REST framework's guide writes it."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import generics, serializers

from chat.models import Message, Room

PAGE = 50


class SenderSerializer(serializers.Serializer[Any]):
    """Who wrote."""

    id = serializers.IntegerField()
    username = serializers.CharField()


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message."""

    sender = SenderSerializer()

    class Meta:
        model = Message
        fields = ("id", "room", "sender", "text", "created_at")


class MessageList(generics.ListAPIView[Message]):
    """The page of messages before an id. By place: an offset, or a count of a million rows, would cost far more."""

    serializer_class = MessageSerializer

    def get_queryset(self) -> Any:
        room = get_object_or_404(Room, name=self.kwargs["room_name"], members=self.request.user)
        before = int(self.request.query_params["before"])
        return Message.objects.filter(room=room, id__lt=before).select_related("sender").order_by("-id")[:PAGE]
