"""`python -m tests.sockets.serve daphne|uvicorn PORT`: the application in a process of its own, over real sockets.

daphne runs exactly as `manage.py up` runs it; uvicorn with the same limits. One address is added for the tests:
`/state`, what the process still holds.
"""

import json
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn

from chatapi.asgi import application
from chatapi.limits import limits
from chatapi.management.commands import up
from chatapi.realtime.hub import hub

HOST = "127.0.0.1"


async def with_state(scope: Any, receive: Any, send: Any) -> None:
    """The application, and `/state`."""
    if scope["type"] != "http" or scope["path"] != "/state":
        await application(scope, receive, send)
        return
    body = json.dumps(state()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def state() -> dict[str, int]:
    """What a process without sockets has to be rid of."""
    return {
        "feeds": len(hub()._feeds),
        "sockets": sum(map(len, hub()._sessions.values())),
        "threads": threading.active_count(),
        "files": len(list(Path("/dev/fd").iterdir())),
    }


def main(kind: str, port: int) -> None:
    if kind == "daphne":
        up.get_default_application = lambda: with_state  # type: ignore[attr-defined]
        up._server(HOST, port).run()
    else:
        uvicorn.run(
            with_state,
            host=HOST,
            port=port,
            log_config=None,
            access_log=False,
            ws_max_size=limits().frame_bytes,
            ws_ping_interval=up.PING_SECONDS,
            ws_ping_timeout=up.PONG_SECONDS,
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
