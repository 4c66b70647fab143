"""The addresses of sockets."""

from typing import Any, cast

from django.urls import re_path

from conversations.consumers import ChatConsumer, InboxConsumer


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """An address that is none: closed with a code, like a room that does not exist."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 4404})


websocket_urlpatterns = [
    # Any name at all is accepted and then closed with 4404: a browser shows no code for a refused handshake.
    re_path(r"^ws/chat/(?P<room_name>[^/]*)/?$", ChatConsumer.as_asgi()),
    re_path(r"^ws/inbox/?$", InboxConsumer.as_asgi()),
    re_path(r"", cast(Any, nowhere)),
]
