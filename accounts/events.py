"""Facts about people, told to sockets after the commit."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import User
from accounts.models.session import session_topic
from chatapi.realtime.event import Event
from chatapi.realtime.publish import publish

SESSION_ENDED = 4401
"""The code that sockets of an ended session are closed with."""


def sessions_ended(session_ids: Iterable[UUID]) -> None:
    """Their sockets close."""
    publish([Event(topic=session_topic(session_id), close=SESSION_ENDED) for session_id in session_ids])


def profile_updated(user: User) -> None:
    """The user's own devices show the new profile; it took the number `user.me_rev`.

    A bell without content: a process that has an inbox of the user reads the rows.
    """
    own_changed(user, user.me_rev)


def own_changed(user: User, me: int) -> None:
    """Something that only this user owns took that number; a bell without content, as above."""
    publish([Event(topic=user.topic, rev=me)])
