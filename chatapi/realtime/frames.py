"""The one way a server frame is written (docs/sockets.md)."""

from typing import Any

from chatapi import json, times


def frame_json(kind: str, data: Any = None, **members: Any) -> dict[str, Any]:
    """A frame: `type`, the members that are given, `at`, and `data`.

    `data` is an object, or one that is ready as text (`orjson.Fragment`).
    `members` are `room`, `rev`, `prev`, `marks`, `me`, `ref`, `error`; absent ones are left out.
    """
    body: dict[str, Any] = {"type": kind}
    body.update((name, value) for name, value in members.items() if value is not None)
    body["at"] = times.rfc3339(times.now())
    if data is not None:
        body["data"] = data
    return body


def frame(kind: str, data: Any = None, **members: Any) -> str:
    """The text of a frame."""
    return json.dumps(frame_json(kind, data, **members))
