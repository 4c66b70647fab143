"""Every limit and window that clients live with; each is a setting (`LIMIT_<NAME>`) and shown in `capabilities/`."""

from dataclasses import asdict, dataclass, fields
from functools import cache

from chatapi import env


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force, as `capabilities/` tells them; names end in their unit."""

    text_characters: int = 4_096
    extra_bytes: int = 4_096
    frame_bytes: int = 1_048_576
    frames_per_second: int = 20
    frames_burst: int = 240
    """Frames a socket may send at once, so that a client can flush what it queued while it was away."""
    frames_refused: int = 400
    """Frames above the rate that are answered with `rate_limited` before the socket is closed with 4429."""
    bad_frames_per_minute: int = 30
    auth_seconds: int = 5
    heartbeat_seconds: int = 25
    typing_seconds: int = 6
    room_sockets_per_session: int = 20
    inbox_sockets_per_session: int = 2
    outgoing_bytes: int = 1_048_576
    """What a slow reader may leave untaken before its socket is closed with 4408."""
    outgoing_seconds: int = 10
    """How long a socket's transport may refuse to take anything."""
    replay_frames: int = 1_000
    sync_rooms: int = 100
    sync_changes_per_room: int = 20
    page_default: int = 50
    page_maximum: int = 200
    rooms_per_call: int = 2_000
    """Rooms that one `sync/` or `delivered/` body may name."""
    contacts: int = 5_000
    """People that one person may save."""
    blocks: int = 5_000
    """People that one person may block."""
    import_entries: int = 500
    """Addresses and numbers in one `contacts/import/` body."""

    def as_json(self) -> dict[str, int]:
        """Name to number, as clients read it."""
        return _as_json(self)


@cache
def _as_json(limits: Limits) -> dict[str, int]:
    return asdict(limits)


@cache
def limits() -> Limits:
    """The limits of this process, read once."""
    given = {
        field.name: env.number(f"LIMIT_{field.name.upper()}", int(str(field.default)), minimum=1)
        for field in fields(Limits)
    }
    return Limits(**given)
