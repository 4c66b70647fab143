"""What a user with 2,000 rooms costs an inbox, against one with 20: `python3 benchmarks/many_rooms.py`.

One socket process on daphne with an own PostgreSQL and Redis. Printed are medians and their ratio: opening the inbox,
resuming with the numbers of all rooms, the first screen (`sync/` of a new device), a heartbeat after three rooms
changed, and the memory of a process per open inbox.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import websockets  # noqa: E402

from tests.servers import free_port, postgres_server, redis_server  # noqa: E402

FEW, MANY = 20, 2_000
USERS = 20
SOCKETS_PER_USER = 50
REPETITIONS = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as name, postgres_server() as database, redis_server() as redis:
        environment = os.environ | {
            "DATABASE_URL": database.url,
            "REDIS_URL": redis.url,
            "DEBUG": "1",
            "DATA_DIR": name,
            "RATE_LIMITS": "off",
            "LIMIT_INBOX_SOCKETS_PER_SESSION": str(SOCKETS_PER_USER),
            "LIMIT_HEARTBEAT_SECONDS": "5",
            "LIMIT_FRAMES_BURST": "100000",
            "DJANGO_SETTINGS_MODULE": "chatapi.settings",
            "PYTHONPATH": str(ROOT / "benchmarks"),
        }
        plans = {rooms: seed(environment, rooms) for rooms in (FEW, MANY)}
        rows = {rooms: asyncio.run(measure(environment, rooms, tokens)) for rooms, tokens in plans.items()}
    print(f"{'':44}{FEW:>10} rooms{MANY:>10} rooms      ratio")
    for label in rows[FEW]:
        few, many = rows[FEW][label], rows[MANY][label]
        print(f"{label:44}{few:16.1f}{many:16.1f}{many / few if few else 0:11.2f}")


def seed(environment: dict[str, str], rooms: int) -> list[str]:
    """Tokens of people who are in `rooms` groups of ten."""
    code = f"""
import json, seed
from django.core.management import call_command
call_command("migrate", verbosity=0)
users = seed.User.objects.bulk_create(
    seed.User(username=name, username_key=name, email=name + "@example.org", password="!")
    for name in [f"r{rooms}n{{n}}" for n in range({USERS})])
seed.UserCounter.objects.bulk_create(seed.UserCounter(user=user) for user in users)
seed.make_fillers(users, {rooms})
sessions = seed.Session.objects.bulk_create(
    seed.Session(user=user, generation_used=True, last_used_at=seed.an_hour_ago()) for user in users)
print(json.dumps([seed.tokens.pair_of(session).access for session in sessions]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr[-2_000:])
    tokens: list[str] = json.loads(done.stdout.splitlines()[-1])
    return tokens


async def measure(environment: dict[str, str], rooms: int, tokens: list[str]) -> dict[str, float]:
    port = free_port()
    command = [sys.executable, "-m", "daphne", "-p", str(port), "-b", "127.0.0.1", "chatapi.asgi:application"]
    silent = asyncio.subprocess.DEVNULL
    server = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=silent, stderr=silent)
    try:
        await until_open(port)
        address = f"ws://127.0.0.1:{port}/ws/inbox/?Authorization="
        known = await asyncio.to_thread(all_rooms, port, tokens[0])
        return {
            **await opening(address + tokens[0], known),
            **await asyncio.to_thread(first_screen, port, tokens[0]),
            **await heartbeat(address + tokens[0], list(known)[:3]),
            **await memory(address, tokens, server.pid),
        }
    finally:
        server.terminate()
        await asyncio.wait_for(server.wait(), 10)


async def until_open(port: int) -> None:
    for _ in range(200):
        try:
            await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    sys.exit("The server does not start.")


def post(port: int, path: str, token: str, body: object) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        content: bytes = answer.read()
        return content


def all_rooms(port: int, token: str) -> dict[str, dict[str, int]]:
    """Every room's numbers, as a device keeps them."""
    path, known = "/api/v1/sync/", {}
    while path:
        page = json.loads(post(port, path, token, {}))
        known |= {name: {"rev": room["rev"], "marks": room["marks"]} for name, room in page["rooms"].items()}
        path = page["next"]
    return known


def first_screen(port: int, token: str) -> dict[str, float]:
    times, size = [], 0
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        size = len(post(port, "/api/v1/sync/", token, {}))
        times.append(time.perf_counter() - began)
    return {"first screen: sync/, ms": 1_000 * statistics.median(times), "first screen: sync/, KiB": size / 1024}


async def opening(address: str, known: dict[str, dict[str, int]]) -> dict[str, float]:
    opened, resumed, sent, received = [], [], 0, 0
    names = list(known)
    pieces = [{name: known[name] for name in names[at : at + 500]} for at in range(0, len(names), 500)]
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        async with websockets.connect(address, compression=None, max_size=None) as inbox:
            hello = json.loads(await inbox.recv())["data"]
            opened.append(time.perf_counter() - began)
            began, sent, received = time.perf_counter(), 0, 0
            for place, piece in enumerate(pieces):
                data: dict[str, Any] = {"rooms": piece} | ({"me": hello["me"]} if place == len(pieces) - 1 else {})
                text = json.dumps({"type": "resume", "ref": "r", "data": data})
                sent += len(text)
                await inbox.send(text)
            while True:
                text = str(await inbox.recv())
                received += len(text)
                if json.loads(text)["type"] == "ready":
                    break
            resumed.append(time.perf_counter() - began)
    return {
        "inbox: connect to hello, ms": 1_000 * statistics.median(opened),
        "inbox: resume, nothing new, ms": 1_000 * statistics.median(resumed),
        "inbox: resume, KiB sent": sent / 1024,
        "inbox: resume, KiB received": received / 1024,
    }


async def heartbeat(address: str, names: list[str]) -> dict[str, float]:
    async with websockets.connect(address, compression=None, max_size=None) as inbox:
        for name in names:
            await inbox.send(json.dumps({"type": "message.send", "room": name, "data": {"text": "hello"}}))
        while True:
            text = str(await asyncio.wait_for(inbox.recv(), 15))
            frame = json.loads(text)
            if frame["type"] == "heartbeat" and len(frame["data"]["rooms"]) == len(names):
                return {"inbox: heartbeat, three rooms changed, bytes": float(len(text))}


async def memory(address: str, tokens: list[str], pid: int) -> dict[str, float]:
    before = resident(pid)
    began = time.perf_counter()
    sockets = [
        await websockets.connect(address + token, compression=None, ping_interval=None)
        for token in tokens
        for _ in range(SOCKETS_PER_USER)
    ]
    took = time.perf_counter() - began
    await asyncio.sleep(2)
    grown = resident(pid) - before
    for socket in sockets:
        await socket.close()
    return {
        f"process: {len(sockets)} inboxes, KiB each": grown / 1024 / len(sockets),
        f"process: {len(sockets)} inboxes opened, s": took,
    }


def resident(pid: int) -> int:
    """Bytes of memory that a process occupies."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
