"""A client that keeps rooms as the documents tell it to: the other half of every promise about catching up."""

from dataclasses import dataclass, field
from typing import Any

from tests.people import Api

Json = dict[str, Any]


@dataclass
class Copy:
    """What a device holds of one room, and the numbers up to which it holds it."""

    rev: int = 0
    marks: int = 0
    messages: dict[str, Json] = field(default_factory=dict)
    members: dict[str, Json] = field(default_factory=dict)
    shared: Json = field(default_factory=dict)
    receipts: dict[str, Json] = field(default_factory=dict)

    def apply(self, frame: Json) -> None:
        """A frame of the room: in order, and the higher `rev` wins."""
        if "rev" not in frame:
            self.receipts[frame["data"]["user"]["id"]] = frame["data"]
            return
        assert self.rev >= frame["prev"], "a hole"
        self.rev = max(self.rev, frame["rev"])
        match frame["type"].partition(".")[0]:
            case "message":
                known = self.messages.get(frame["data"]["id"])
                assert (frame["type"] == "message.created") == (known is None)
                if known is None or frame["data"]["rev"] > known["rev"]:
                    self.messages[frame["data"]["id"]] = frame["data"]
            case "member":
                self.members[frame["data"]["user"]["id"]] = frame["data"]
            case "room":
                self.shared = frame["data"]
            case other:
                assert other == "skip"

    def catch_up(self, client: Api, room_name: str, epoch: str | None = None) -> None:
        """`changes/` until it is complete."""
        complete = False
        while not complete:
            given = {"epoch": epoch} if epoch else {}
            answer = client.changes(room_name, self.rev, self.marks, **given)
            assert "reset" not in answer
            for frame in [*answer["changes"], *answer["receipts"]]:
                self.apply(frame)
            assert self.rev <= answer["rev"]
            self.rev, self.marks, complete = answer["rev"], answer["marks"], answer["complete"]

    @property
    def numbers(self) -> Json:
        """As `sync/` wants them."""
        return {"rev": self.rev, "marks": self.marks}


def history_of(client: Api, room_name: str) -> dict[str, Json]:
    """All messages of a room, page by page."""
    found: dict[str, Json] = {}
    path = f"conversations/{room_name}/messages/?limit=200"
    while path:
        page = client.get(path).json()
        found |= {message["id"]: message for message in page["results"]}
        path = page["next"]
    return found
