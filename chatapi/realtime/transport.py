"""What ASGI has no word for: what a server's transport still holds for a socket, and how to cut it off.

This knows the two servers the project runs on. Where it cannot reach the transport it answers None, and the outbox
relies on `send` waiting and on the server's own time-outs.
"""

import functools
from collections.abc import Callable
from typing import Any


def unsent_bytes(send: Any) -> Callable[[], int] | None:
    """A function that tells how many bytes the transport behind `send` has not handed to the kernel."""
    transport = _transport(send)
    if hasattr(transport, "dataBuffer"):
        return functools.partial(_twisted, transport)
    size: Callable[[], int] | None = getattr(transport, "get_write_buffer_size", None)
    return size


def abort_of(send: Any) -> Callable[[], None] | None:
    """A function that drops the connection behind `send` together with what it holds."""
    transport = _transport(send)
    abort: Callable[[], None] | None = getattr(transport, "abortConnection", None) or getattr(transport, "abort", None)
    return abort


def _transport(send: Any) -> Any:
    if isinstance(send, functools.partial) and send.args:  # daphne: partial(handle_reply, protocol)
        return getattr(send.args[0], "transport", None)
    return getattr(getattr(send, "__self__", None), "transport", None)  # uvicorn: a method of the protocol


def _twisted(transport: Any) -> int:
    return len(transport.dataBuffer) - int(transport.offset) + int(transport._tempDataLen)
