"""Rooms, who is in them, what was said, what was read, and the sockets that carry it."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Tells live delivery where rooms repair themselves from."""

    name = "conversations"

    def ready(self) -> None:
        from chatapi.realtime.sources import sources
        from conversations.topics import Topics, ended_sessions

        sources.topics = Topics()
        sources.ended_sessions = ended_sessions
