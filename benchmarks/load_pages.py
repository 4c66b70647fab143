"""The load generator for REST: pages of history at random places, over two kept connections, a call each at a time."""

import json
import random
import select
import socket
import sys
import time
from typing import Any

CONNECTIONS = 2
PAGE = 50


class Caller:
    """One connection."""

    def __init__(self, plan: dict[str, Any], dice: random.Random) -> None:
        self.plan = plan
        self.dice = dice
        self.data = b""
        self.socket = self._connected()

    def _connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.plan["port"]), timeout=30)

    def ask(self) -> None:
        """Asks for a page somewhere."""
        before = self.dice.randint(self.plan["messages"] // 2, self.plan["messages"])
        path = self.plan["path"].replace("{before}", str(before))
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {self.plan['token']}", "", ""]
        self.socket.sendall("\r\n".join(lines).encode())

    def take(self) -> bytes | None:
        """The body of the answer, when it is all there."""
        data = self.socket.recv(1_048_576)
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not data:
            raise OSError(f"The server closed the connection: {self.data[:300]!r}")
        if not found or len(body) < length_of(head):
            return None
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise OSError(f"{head[:300]!r} {body[:300]!r}")
        self.data = b""
        if b"connection: close" in head.lower():
            self.socket.close()
            self.socket = self._connected()
        return body


def length_of(head: bytes) -> int:
    """What Content-Length says."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise OSError(f"An answer without a length: {head!r}")


def run(callers: list[Caller], end: float) -> list[float]:
    """Keeps every caller busy until `end`; the times the answers took."""
    took = []
    asked = {}
    for caller in callers:
        caller.ask()
        asked[caller] = time.perf_counter()
    while asked:
        ready, _, _ = select.select([caller.socket for caller in asked], [], [], 30)
        for caller in [caller for caller in asked if caller.socket in ready]:
            if caller.take() is not None:
                now = time.perf_counter()
                took.append(now - asked.pop(caller))
                if now < end:
                    caller.ask()
                    asked[caller] = now
    return took


def say(state: str, **facts: Any) -> None:
    """A line for the runner."""
    print(json.dumps({"state": state} | facts), flush=True)


def main() -> None:
    plan = json.loads(sys.stdin.readline())
    dice = random.Random(1)
    callers = [Caller(plan, dice) for _ in range(CONNECTIONS)]
    check(callers[0])
    say("connected")
    sys.stdin.readline()
    run(callers, time.perf_counter() + plan["warmup"])
    say("begin")
    began = time.perf_counter()
    took = sorted(run(callers, began + plan["seconds"]))
    seconds = time.perf_counter() - began
    p50, p99 = (1000 * took[len(took) * percent // 100] for percent in (50, 99))
    say("end", pages=len(took), seconds=seconds, p50_ms=p50, p99_ms=p99)


def check(caller: Caller) -> None:
    """A first page has to have all its messages."""
    caller.ask()
    body = None
    while body is None:
        body = caller.take()
    page = json.loads(body)
    found = len(page["results"] if isinstance(page, dict) else page)
    if found != PAGE:
        raise OSError(f"A page of {found} messages")


if __name__ == "__main__":
    main()
