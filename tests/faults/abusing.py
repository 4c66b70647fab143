"""What users do to a server: read nothing, flood, talk nonsense, log out; and what happens to their rooms (N7, N8, N14,
N15, N16)."""

import asyncio
import contextlib
import json
import random
import resource
import threading
import time
from collections.abc import AsyncIterator, Sequence

import psycopg2

from tests.faults.history import Ended
from tests.faults.site import SOCKETS
from tests.faults.truth import query
from tests.faults.world import World
from tests.sockets.client import BareSocket, masked

CHANGES = masked(json.dumps({"type": "changes", "data": {"since": 0}}))
PING = masked(json.dumps({"type": "ping"}))
NONSENSE = [
    masked(text)
    for text in (
        "",
        "no JSON",
        "[]",
        "null",
        '{"type": "message.delivered"}',
        '{"type": "websocket.disconnect"}',
        "[" * 9_000,
    )
]


def bare_socket(world: World, lot: random.Random, name: str) -> BareSocket:
    """A socket in somebody's room that reads only what it is told to."""
    client = lot.choice([client for client in world.clients if not client.is_gone])
    port = int(world.site.behind[name].rpartition(":")[2])
    token = client.device.api.access
    return BareSocket(port, f"/ws/chat/{client.rooms[0]}/?Authorization={token}", receive_buffer=4_096)


@contextlib.asynccontextmanager
async def bare_sockets(
    world: World, lot: random.Random, number: int, names: Sequence[str] = SOCKETS
) -> AsyncIterator[list[BareSocket]]:
    """So many of them, on these processes in turn. A server that is away at the moment gets none."""
    sockets = []
    for turn in range(number):
        with contextlib.suppress(OSError, AssertionError):
            sockets.append(await asyncio.to_thread(bare_socket, world, lot, names[turn % len(names)]))
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


async def read_nothing(world: World, lot: random.Random, *, number: int, seconds: float) -> None:
    """Sockets that ask for everything and take nothing."""
    async with bare_sockets(world, lot, number) as sockets:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for each in sockets:
                each.peer.setblocking(False)
                with contextlib.suppress(OSError):
                    each.peer.send(CHANGES)
            await asyncio.sleep(0.5)


async def flood(world: World, lot: random.Random, *, frames: int) -> None:
    """More frames than anybody can answer, on one socket."""
    async with bare_sockets(world, lot, 1) as sockets:
        for each in sockets:
            await pour(each, PING * frames)


async def pour(socket: BareSocket, data: bytes) -> None:
    """Writes all of it, or as much as is taken within ten seconds."""
    writer = threading.Thread(target=write_all, args=(socket, data), daemon=True)
    writer.start()
    await asyncio.to_thread(writer.join, 10)


def write_all(socket: BareSocket, data: bytes) -> None:
    """Until it is through, or the socket is closed."""
    with contextlib.suppress(OSError):
        socket.peer.sendall(data)


async def knock(world: World, lot: random.Random, *, number: int) -> None:
    """Connections that come and go without a word."""
    ports = [int(world.site.behind[name].rpartition(":")[2]) for name in SOCKETS]
    for turn in range(number):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", ports[turn % 2])
            writer.write(b"GET /ws/chat/nowhere-nowhere-nowhere/ HTTP/1.1\r\n" if turn % 3 else b"")
            writer.close()
        await asyncio.sleep(0.005)


async def talk_nonsense(world: World, lot: random.Random, *, number: int) -> None:
    """Frames that make no sense, amid the talk of others."""
    async with bare_sockets(world, lot, number) as sockets:
        for _ in range(20):
            for each in sockets:
                with contextlib.suppress(OSError):
                    each.peer.sendall(lot.choice(NONSENSE))
            await asyncio.sleep(0.1)


async def log_out(world: World, lot: random.Random) -> None:
    """A device's session ends in the middle of everything; its owner comes back with another one."""
    client = lot.choice([client for client in world.clients if not client.is_gone])
    client.is_gone = True
    await client.device.logout()
    world.history.add(Ended(world.history.now, client.label, ""))
    await world.another_device(client)


async def remove_member(world: World, lot: random.Random) -> None:
    """Somebody is taken out of a room of several people."""
    rooms = [room for room, members in world.rooms.items() if len(members) > 3]
    if rooms:
        room = lot.choice(sorted(rooms))
        await asyncio.to_thread(world.remove, lot.choice(world.rooms[room]), room)


async def hold_lock(world: World, lot: random.Random, *, seconds: float) -> None:
    """A transaction of somebody else keeps a room."""
    await asyncio.to_thread(lock_room, world.site.postgres.url, lot.choice(sorted(world.rooms)), seconds)


def lock_room(url: str, room: str, seconds: float) -> None:
    """Waits with the head of the room locked, inside the database."""
    with query(url) as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            "SELECT 1 FROM conversations_roomhead h JOIN conversations_room r ON r.id = h.room_id WHERE r.name = %s"
            " FOR UPDATE OF h",
            [room],
        )
        cursor.execute("SELECT pg_sleep(%s)", [seconds])
        cursor.execute("COMMIT")


async def take_all_connections(world: World, lot: random.Random, *, seconds: float) -> None:
    """PostgreSQL takes no further connection."""
    with contextlib.ExitStack() as held:
        await asyncio.to_thread(connect_until_refused, world.site.postgres.url, held)
        await asyncio.sleep(seconds)


def connect_until_refused(url: str, held: contextlib.ExitStack) -> None:
    """Takes connection after connection."""
    with contextlib.suppress(psycopg2.OperationalError):
        for _ in range(400):
            held.callback(psycopg2.connect(url).close)


async def take_file_descriptors(world: World, lot: random.Random, *, name: str, seconds: float) -> None:
    """A process may open hardly anything more."""
    pid = world.site.pid(name)
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (world.site.open_files(name) + 3, hard))
    try:
        await asyncio.sleep(seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
