"""The consumer of the Channels tutorial, with a token, a membership check and a row per message."""

import json
from typing import Any
from urllib.parse import parse_qs

import jwt
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User

from chat.models import Message, Room
from chat.tokens import user_of


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket in one room."""

    async def connect(self) -> None:
        token = parse_qs(self.scope["query_string"].decode()).get("token", [""])[0]
        self.room_group_name = f"chat_{self.scope['url_route']['kwargs']['room_name']}"
        try:
            self.user, self.room = await self.find(token, self.scope["url_route"]["kwargs"]["room_name"])
        except (jwt.InvalidTokenError, User.DoesNotExist, Room.DoesNotExist):
            await self.close()
            return
        await self.channel_layer.group_add(self.room_group_name, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "room"):
            await self.channel_layer.group_discard(self.room_group_name, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        data = json.loads(text_data or "")
        message = await self.save(data["message"])
        await self.channel_layer.group_send(
            self.room_group_name,
            {
                "type": "chat.message",
                "id": message.pk,
                "message": message.text,
                "sender": self.user.username,
                "timestamp": message.created_at.isoformat(),
            },
        )

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event))

    @database_sync_to_async
    def find(self, token: str, room_name: str) -> tuple[User, Room]:
        user = user_of(token)
        return user, Room.objects.get(name=room_name, members=user)

    @database_sync_to_async
    def save(self, text: str) -> Message:
        return Message.objects.create(room=self.room, sender=self.user, text=text)
