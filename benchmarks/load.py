"""The load generator: `python load.py` reads a plan on standard input and speaks over raw sockets.

One process, one thread, an epoll: it has to cost little next to what it measures. Frames to send are made with the
mask 0 (a mask like any other to the server), frames that come are counted by their headers and first bytes, and only
the first copy of each message is looked into. Lines on standard output say where it is:

    {"state": "connected"}   all sockets are open; it waits for a line
    {"state": "begin"}       warmed up: what follows is measured
    {"state": "end", ...}    the figures of the measured time
    {"state": "drained", ...} what was still under way has arrived, or not within PATIENCE

The n-th message of a room is the n-th one that each of its sockets gets: all stacks here deliver in one order. A
message is complete when every socket of the room has it, the sender's own included (all stacks send it that one, too).
"""

import json
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from dialects import DIALECTS, Dialect

PATIENCE = 8.0
CONNECTING_AT_ONCE = 20
MARK = b"#"
"""Stands once in every text, before the seven digits of the message's number; no id contains it."""


class Broken(Exception):
    """The server closed a socket, or answered with an error."""


@dataclass(slots=True)
class Chatroom:
    """What is under way in one room."""

    name: str
    members: list["Member"] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    """The numbers of the messages in the order in which they came."""
    at: dict[int, int] = field(default_factory=dict)
    """How many sockets have got how many messages."""
    complete: int = 0
    turn: int = 0


class Member:
    """One socket."""

    def __init__(self, path: str, room: Chatroom, dialect: Dialect) -> None:
        self.path = path
        self.room = room
        self.dialect = dialect
        self.count = 0
        self.rest = b""
        self.socket: socket.socket

    def open(self, port: int) -> None:
        """Begins to connect."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"GET {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: Upgrade", "Upgrade: websocket"]
        lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
        self.socket.sendall("\r\n".join(lines).encode())

    def finish_opening(self) -> None:
        """Waits for the accept and for the server's word that the socket is live."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        if not data.startswith(b"HTTP/1.1 101"):
            raise Broken(data[:300].decode(errors="replace"))
        self.rest = data.partition(b"\r\n\r\n")[2]
        for sign, answer in self.dialect.greeting:
            while sign not in self.rest:
                self.rest += self._more()
            self.rest = self.rest.partition(sign)[2] if answer else self.rest
            if answer:
                self.socket.sendall(frame(answer))
        self.rest = b"" if self.dialect.greeting else self.rest
        self.socket.setblocking(False)

    def _more(self) -> bytes:
        data = self.socket.recv(65_536)
        if not data:
            raise Broken(f"closed while connecting: {self.rest[:300]!r}")
        return data

    def take(self, load: "Load") -> None:  # noqa: C901, PLR0915 - a call per frame would cost more than the frame
        """Counts the message frames that have come."""
        data = self.socket.recv(1_048_576)
        if not data:
            raise Broken("The server closed a socket.")
        if self.rest:
            data = self.rest + data
        count, position, end, sign = self.count, 0, len(data), self.dialect.message
        order = self.room.order
        while end - position > 1:
            size, head = data[position + 1], position + 2
            if size > 125:
                head += 2 if size == 126 else 8
                if end < head:
                    break
                size = int.from_bytes(data[position + 2 : head], "big")
            if end < head + size:
                break
            if data.startswith(sign, head):
                count += 1
                if count > len(order):
                    mark = data.index(MARK, head) + 1
                    order.append(int(data[mark : mark + 7]))
            else:
                self._other(data[position], data[head : head + size])
            position = head + size
        self.rest = data[position:]
        if count != self.count:
            before, self.count = self.count, count
            load.arrived(self.room, before, count)

    def _other(self, first: int, payload: bytes) -> None:
        """Everything that is no message: pings are answered, errors end the run."""
        if first == 0x89:
            self.socket.send(bytes((0x8A, 0x80 | len(payload))) + b"\0\0\0\0" + payload)
        elif first == 0x88:
            raise Broken(f"The server closed a socket with {payload!r}")
        elif payload == self.dialect.ping:
            self.socket.send(frame(self.dialect.pong))
        elif payload.startswith(self.dialect.error):
            raise Broken(payload[:300].decode(errors="replace"))


def frame(payload: bytes) -> bytes:
    """A client's text frame with the mask 0."""
    if len(payload) < 126:
        return bytes((0x81, 0x80 | len(payload))) + b"\0\0\0\0" + payload
    return b"\x81\xfe" + len(payload).to_bytes(2, "big") + b"\0\0\0\0" + payload


class Load:
    """A plan being carried out."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.dialect = DIALECTS[plan["dialect"]]
        self.rooms = [Chatroom(name) for name in plan["rooms"]]
        self.members = [Member(entry["path"], self.rooms[entry["room"]], self.dialect) for entry in plan["sockets"]]
        for member in self.members:
            member.room.members.append(member)
        for room in self.rooms:
            room.at = {0: len(room.members)}
        self.poll = select.epoll()
        self.by_handle: dict[int, Member] = {}
        self.sent_at: list[float] = []
        self.completed = 0
        self.delivered = 0
        self.latencies: list[float] = []
        self.closed_loop = "in_flight" in plan
        self.sending = True
        self.next_due = 0.0

    # Connecting

    def connect(self) -> None:
        """Opens all sockets, a few at a time."""
        for start in range(0, len(self.members), CONNECTING_AT_ONCE):
            some = self.members[start : start + CONNECTING_AT_ONCE]
            for member in some:
                member.open(self.plan["port"])
            for member in some:
                member.finish_opening()
                self.poll.register(member.socket, select.EPOLLIN)
                self.by_handle[member.socket.fileno()] = member
            self.handle(0)  # a server pings those that are open already

    # Sending

    def send(self, room: Chatroom) -> None:
        """The next member of `room` sends the next message."""
        number = len(self.sent_at)
        room.turn = (room.turn + 1) % len(room.members)
        self.sent_at.append(time.perf_counter())
        room.members[room.turn].socket.send(frame(self.dialect.send(number, room.name)))

    def arrived(self, room: Chatroom, before: int, count: int) -> None:
        """A socket of `room` has got as far as `count`."""
        self.delivered += count - before
        at = room.at
        at[before] -= 1
        at[count] = at.get(count, 0) + 1
        while not at.get(room.complete) and room.complete < len(room.order):
            at.pop(room.complete, None)
            self.complete(room)

    def complete(self, room: Chatroom) -> None:
        """Every socket has one message more; in a closed loop the next one is sent."""
        now = time.perf_counter()
        self.latencies.append(now - self.sent_at[room.order[room.complete]])
        room.complete += 1
        self.completed += 1
        if self.closed_loop and self.sending:
            self.send(room)

    # Running

    def run(self) -> None:
        """Warm up, measure, drain."""
        if self.closed_loop:
            for room in self.rooms:
                for _ in range(self.plan["in_flight"]):
                    self.send(room)
        self.next_due = time.perf_counter()
        self.until(time.perf_counter() + self.plan["warmup"])
        self.latencies = []
        completed, delivered, cpu, began = self.completed, self.delivered, time.process_time(), time.perf_counter()
        say("begin")
        self.until(began + self.plan["seconds"])
        seconds = time.perf_counter() - began
        say(
            "end",
            seconds=seconds,
            messages=self.completed - completed,
            deliveries=self.delivered - delivered,
            generator_cpu=time.process_time() - cpu,
            **percentiles(self.latencies),
        )
        self.drain()

    def until(self, end: float) -> None:
        """Handles what comes, and sends what is due, until `end`."""
        while (now := time.perf_counter()) < end:
            if not self.closed_loop:
                now = self.send_due(now)
            wait = end - now if self.closed_loop else min(end, self.next_due) - now
            self.handle(max(0.0, wait))

    def send_due(self, now: float) -> float:
        """At a fixed rate, room after room."""
        while self.next_due <= now:
            self.send(self.rooms[len(self.sent_at) % len(self.rooms)])
            self.next_due += 1 / self.plan["rate"]
            now = time.perf_counter()
        return now

    def handle(self, wait: float) -> None:
        """Reads all sockets that have something."""
        for handle, _ in self.poll.poll(wait):
            self.by_handle[handle].take(self)

    def drain(self) -> None:
        """Lets everything under way arrive: what does not is lost."""
        self.sending = False
        deadline = time.perf_counter() + PATIENCE
        while self.completed < len(self.sent_at) and time.perf_counter() < deadline:
            self.handle(0.1)
        say("drained", sent=len(self.sent_at), lost=len(self.sent_at) - self.completed)

    def idle(self) -> None:
        """Holds the sockets, answering pings, until told otherwise."""
        while not select.select([sys.stdin], [], [], 0)[0]:
            self.handle(0.2)


def percentiles(latencies: list[float]) -> dict[str, float | None]:
    """p50 and p99 in milliseconds."""
    if not latencies:
        return {"p50_ms": None, "p99_ms": None}
    ordered = sorted(latencies)
    return {
        f"p{percent}_ms": 1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] for percent in (50, 99)
    }


def say(state: str, **facts: Any) -> None:
    """A line for the runner."""
    print(json.dumps({"state": state} | facts), flush=True)


def main() -> None:
    load = Load(json.loads(sys.stdin.readline()))
    try:
        load.connect()
        say("connected", sockets=len(load.members))
        if load.plan.get("idle"):
            load.idle()
        else:
            sys.stdin.readline()
            load.run()
    except (Broken, OSError, ValueError) as error:
        say("broken", reason=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
