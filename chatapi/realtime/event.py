"""What travels over the bus: a frame that is ready to be sent, and its place in its topic's order."""

from typing import NamedTuple


class Event(NamedTuple):
    """One fact for everyone who listens to `topic`; a plain list of its values is what crosses the channel layer.

    A durable event has a `rev`, a receipt has `marks`, a passing one has neither. The text is the frame itself, made
    once; nothing in it depends on who receives it.
    """

    topic: str
    """`room.<id>`, `user.<id>` or `session.<id>`."""
    text: str = ""
    """The ready frame; empty for an event that only acts on sockets."""
    rev: int = 0
    """The room's `rev` this fact took; events of a topic are delivered in this order without holes."""
    prev: int = 0
    """The `rev` before it on this way: `rev - 1` live, the frame before in a repair."""
    marks: int = 0
    """The room's `marks` this receipt took."""
    seq: int = 0
    """The message the frame is about, so that a socket whose history begins later gets a `skip` instead."""
    but_user: str = ""
    """A user whose sockets do not get this passing frame (nobody is told that they are typing themselves)."""
    joins: str = ""
    """A user who is in the room from this frame on, seeing messages from `floor` on."""
    floor: int = 0
    leaves: str = ""
    """A user who is no longer in the room after this frame: their sockets get it and are then closed with 4403."""
    close: int = 0
    """For `session.<id>` and `user.<id>`: every socket of it is closed with this code."""
