"""What a server's transport still holds for a socket, read without touching it.

ASGI has no word for it, so this knows the two servers the project runs on. Where it cannot look, it says so with
None and the outbox relies on `send` waiting.
"""

import functools
from collections.abc import Callable
from typing import Any


def unsent_bytes(send: Any) -> Callable[[], int] | None:
    """A function that tells how many bytes the transport behind `send` has not handed to the kernel."""
    if isinstance(send, functools.partial) and send.args:  # daphne: partial(handle_reply, protocol)
        transport = getattr(send.args[0], "transport", None)
        if hasattr(transport, "dataBuffer"):
            return functools.partial(_twisted, transport)
    transport = getattr(getattr(send, "__self__", None), "transport", None)  # uvicorn: a method of the protocol
    size: Callable[[], int] | None = getattr(transport, "get_write_buffer_size", None)
    return size


def _twisted(transport: Any) -> int:
    return len(transport.dataBuffer) - int(transport.offset) + int(transport._tempDataLen)
