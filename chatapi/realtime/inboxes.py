"""The inbox sockets of a process: everything of a user on one socket, without an entry per room and socket.

A room's events are written to the inboxes of its members. Who of the users with an inbox here is a member is read
once, when something first happens in the room, and kept right by the member events themselves.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from chatapi import database
from chatapi.realtime.event import Event
from chatapi.realtime.feed import Feed, Listener, Members
from chatapi.realtime.frames import frame
from chatapi.realtime.sources import RoomMembers, topic_source
from chatapi.realtime.wire import Frames

logger = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Inbox:
    """One user's inbox sockets here, and the rooms in which something reached them since the last heartbeat."""

    __slots__ = ("changed", "listeners")

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.changed: dict[str, Feed] = {}

    def push(self, frames: Frames, *, passing: bool = False) -> None:
        """Sends ready frames; passing ones only where somebody looks."""
        for listener in list(self.listeners):
            if not (passing and listener.away):
                listener.push(frames)


class Inboxes:
    """All users with an inbox socket in this process."""

    def __init__(self, feeds: dict[str, Feed], spawn: Spawn) -> None:
        self._feeds = feeds
        self._spawn = spawn
        self._users: dict[str, Inbox] = {}
        self._kept: dict[str, list[Event]] = {}
        """Events of rooms whose members are being read."""

    def __bool__(self) -> bool:
        return bool(self._users)

    def __contains__(self, user: str) -> bool:
        return user in self._users

    async def enter(self, listener: Listener) -> None:
        """Registers an inbox socket; from now on it gets the events of all rooms of its user."""
        inbox = self._users.get(listener.user)
        if inbox is not None:
            inbox.listeners.append(listener)
            return
        inbox = self._users[listener.user] = Inbox()
        inbox.listeners.append(listener)
        active = [topic for topic, feed in self._feeds.items() if feed.members is not None]
        if active:
            rooms = await database.run(topic_source().memberships, listener.user, active)
            for topic, (floor, rev) in rooms.items():
                feed = self._feeds.get(topic)
                if feed is not None and feed.members is not None:
                    feed.members.add(listener.user, floor=floor, rev=rev)

    def exit(self, listener: Listener) -> None:
        """Undoes `enter`. The user stays in the members of active rooms until the next event there."""
        inbox = self._users.get(listener.user)
        if inbox is not None and listener in inbox.listeners:
            inbox.listeners.remove(listener)
            if not inbox.listeners:
                del self._users[listener.user]

    def deliver(self, feed: Feed, events: Sequence[Event]) -> None:
        """Writes a room's events to the inboxes of its members."""
        if feed.members is not None:
            self._write(feed, feed.members, events)
        elif feed.topic in self._kept:
            self._kept[feed.topic].extend(events)
        elif self._users:
            self._kept[feed.topic] = list(events)
            self._spawn(self._read_members(feed))

    def follow(self, feed: Feed) -> None:
        """Learns who is in a room in which something was stored that may not have been told."""
        if feed.members is None and feed.topic not in self._kept:
            self._kept[feed.topic] = []
            self._spawn(self._read_members(feed))

    async def _read_members(self, feed: Feed) -> None:
        """Reads who is in the room, as often as it takes, delivers what was kept, and lets the heartbeat name the room:
        what happened before the room was followed nobody has told.
        """
        while (room := await self._members_or_none(feed)) is None:
            await asyncio.sleep(1)
            if not self._users or self._feeds.get(feed.topic) is not feed:
                self._kept.pop(feed.topic, None)
                return
        feed.room = room.room
        feed.members = members = Members()
        for user, floor in room.floors.items():
            if user in self._users:
                members.add(user, floor=floor, rev=room.rev)
        self._write(feed, members, self._kept.pop(feed.topic, []))
        self._note_changed(feed)

    async def _members_or_none(self, feed: Feed) -> RoomMembers | None:
        try:
            return await database.run(topic_source().members, feed.topic)
        except Exception:
            logger.warning("Members could not be read; trying again.", exc_info=True)
            return None

    def _write(self, feed: Feed, members: Members, events: Sequence[Event]) -> None:
        for event in events:
            if event.joins and event.joins in self._users:
                members.add(event.joins, floor=event.floor, rev=event.rev)
        plain = not any(event.but_user for event in events)
        passing = not any(event.rev or event.marks for event in events)
        shared = Frames([event.text for event in events])
        for user, floor in list(members.floors.items()):
            inbox = self._users.get(user)
            if inbox is None:
                del members.floors[user]
                continue
            inbox.changed[feed.topic] = feed
            inbox.push(shared if plain and not floor else feed.visible(events, user, floor), passing=passing)
        for event in events:
            if event.leaves:
                members.remove(event.leaves, rev=event.rev)

    def _note_changed(self, feed: Feed) -> None:
        """Makes the next heartbeat name a room that may have changed without a word."""
        for user in feed.members.floors if feed.members is not None else ():
            if user in self._users:
                self._users[user].changed[feed.topic] = feed

    def beat(self, users: Iterable[str], epoch: str) -> None:
        """Sends the heartbeats of these users: the rooms that changed since the last one, and the user's own number."""
        for user in users:
            inbox, own = self._users[user], self._feeds.get(f"user.{user}")
            rooms = {
                feed.room: {"rev": feed.durable.number, "marks": max(feed.receipts.number, 0)}
                for feed in inbox.changed.values()
                if feed.room and feed.durable.started
            }
            inbox.changed = {}
            me = own.durable.number if own else None
            heartbeat = Frames([frame("heartbeat", {"epoch": epoch, "rooms": rooms}, me=me)])
            inbox.push(heartbeat)

    @property
    def users(self) -> list[str]:
        """The users with an inbox here."""
        return list(self._users)


def run_soon(tasks: set["asyncio.Task[None]"], work: Coroutine[Any, Any, None]) -> None:
    """Starts `work` and keeps it from being collected while it runs."""
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
