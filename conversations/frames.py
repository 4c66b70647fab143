"""Every row that clients follow, as the frame that tells it: live, in a repair, in `changes/` and in `sync/`."""

from typing import Any, NamedTuple

from chatapi.realtime.frames import frame_json
from conversations.models import Membership, Message, Room
from conversations.shapes import member_json, message_text, own_message_json, receipt_json, shared_room_json

MEMBER_FRAMES = {
    Membership.State.MEMBER: "member.joined",
    Membership.State.LEFT: "member.left",
    Membership.State.REMOVED: "member.left",
}


class Change(NamedTuple):
    """One row in the room's order, and the number before it on this way."""

    row: Message | Membership | Room
    prev: int
    is_new: bool = True
    """For a message: whether the reader has not seen it yet."""

    @property
    def room(self) -> Room:
        """The room it happened in."""
        return self.row if isinstance(self.row, Room) else self.row.room

    @property
    def rev(self) -> int:
        """The number the row took last."""
        return self.row.rev

    @property
    def kind(self) -> str:
        """The frame's type."""
        match self.row:
            case Message():
                return "message.created" if self.is_new else "message.updated"
            case Membership():
                return MEMBER_FRAMES[Membership.State(self.row.state)]
            case _:
                return "room.updated"

    def as_json(self, *, own: bool = False) -> dict[str, Any]:
        """The frame; with `own`, a message also has what the caller alone has made of it."""
        return frame_json(self.kind, self._data(own), room=self.room.name, rev=self.rev, prev=self.prev)

    def _data(self, own: bool) -> Any:
        match self.row:
            case Message():
                return own_message_json(self.row) if own else message_text(self.row)
            case Membership():
                return member_json(self.row)
            case _:
                return shared_room_json(self.row)


def receipt_frame(membership: Membership) -> dict[str, Any]:
    """`receipt.updated`: how far somebody has received and read."""
    return frame_json("receipt.updated", receipt_json(membership), room=membership.room.name, marks=membership.marks)
