"""The reference client of the chat API: what docs/sockets.md asks of a client, in a few small modules.

chat      one user on one device: logging in, rooms, sync
room      one room with a socket of its own
inbox     all rooms on one socket
voice     what is said and read in a room: sends and marks that survive any cut
catchup   what a store lacks, taken over REST
store     what a device knows of a room, and the rules by which frames change it (no I/O)
outbox    what was said and not yet acknowledged (no I/O)
link      one WebSocket that is kept up
api       REST calls: tokens, refresh, repeats
errors    what can go wrong
"""

from chatclient.api import Api, Session
from chatclient.chat import Chat
from chatclient.errors import ChatError, Closed, Problem, SessionEnded, Unreachable
from chatclient.inbox import LiveInbox
from chatclient.room import LiveRoom
from chatclient.store import RoomStore
from chatclient.timing import Timing
from chatclient.voice import Voice

__all__ = [
    "Api",
    "Chat",
    "ChatError",
    "Closed",
    "LiveInbox",
    "LiveRoom",
    "Problem",
    "RoomStore",
    "Session",
    "SessionEnded",
    "Timing",
    "Unreachable",
    "Voice",
]
