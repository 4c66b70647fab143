"""Server processes of both kinds, and sockets that are closed when a story ends."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction

from chatapi.realtime.bus import Bus
from conversations.models import Epoch
from tests.people import Person
from tests.sockets.client import BareSocket, ChatSocket
from tests.sockets.servers import ServerProcess

EPOCH = "01890a5d-ac96-774b-bcce-b302099a8057"

UVICORN_SAYS_SO = "Invalid UTF-8 sequence received from client. request_id=\nTraceback"
"""Its own words about a client's fault."""

Running = Callable[..., ServerProcess]


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database that other processes see too. Emptied by DELETE: PostgreSQL's TRUNCATE takes a second for it."""
    with django_db_blocker.unblock():
        yield
        empty()


def empty() -> None:
    kept = {"django_migrations", "django_content_type", "auth_permission", Epoch._meta.db_table}
    tables = set(connection.introspection.django_table_names(only_existing=True)) - kept
    with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are checked at the end only
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


@pytest.fixture(scope="session")
def running(tmp_path_factory: Any, django_db_setup: None, django_db_blocker: Any) -> Iterator[Running]:
    """Starts server processes; they end before the database goes."""
    folder: Path = tmp_path_factory.mktemp("servers")
    started: list[ServerProcess] = []

    def start(kind: str = "daphne", **environment: str) -> ServerProcess:
        process = ServerProcess(kind, folder, **environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.stop()
    with django_db_blocker.unblock():
        end_other_sessions()


def end_other_sessions() -> None:
    """PostgreSQL may need a moment to see that a process has gone, and drops no database that is in use."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.close()


@pytest.fixture(scope="session")
def both(running: Running) -> dict[str, ServerProcess]:
    """One process of each server, on the same database and Redis."""
    processes = {kind: running(kind) for kind in ("daphne", "uvicorn")}
    return {kind: process.wait_until_ready() for kind, process in processes.items()}


@pytest.fixture(scope="session")
def strict(running: Running) -> ServerProcess:
    """As in production: no DEBUG, listed origins, no token in a URL."""
    return running(
        DEBUG="0",
        RATE_LIMITS="on",
        ALLOWED_HOSTS="127.0.0.1",
        CORS_ORIGINS="https://app.example.org",
        PUBLIC_URL="https://chat.example.org",
        SOCKET_TOKEN_IN_URL="off",
    ).wait_until_ready()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The application must not depend on which ASGI server runs it: stories are told on two, unless their file says."""
    if "server" in metafunc.fixturenames:
        servers = getattr(metafunc.module, "SERVERS", ("daphne", "uvicorn"))
        metafunc.parametrize("server", servers, indirect=True)


@pytest.fixture
def server(request: Any, both: dict[str, ServerProcess], db: None) -> ServerProcess:
    """The process that a story talks to."""
    return both[request.param]


@pytest.fixture
def other_server(server: ServerProcess, both: dict[str, ServerProcess]) -> ServerProcess:
    """Another process on the same database."""
    return both["uvicorn" if server.kind == "daphne" else "daphne"]


@pytest.fixture(autouse=True)
def one_history(db: None) -> None:
    """Tests elsewhere empty the epoch's table too; servers remember it for some seconds."""
    Epoch.objects.update_or_create(pk=1, defaults={"value": EPOCH})


@pytest.fixture(autouse=True)
def no_server_fails(request: Any) -> Iterator[None]:
    """I15: whatever a story does, no server meets an error that nobody foresaw."""
    both = request.getfixturevalue("both") if "both" in request.fixturenames else {}
    before = {kind: len(process.log) for kind, process in both.items()}
    yield
    if "outage" in request.fixturenames:
        return
    for kind, process in both.items():
        new = process.log[before[kind] :].replace(UVICORN_SAYS_SO, "")
        assert "Traceback" not in new, new


@pytest.fixture
def dial(server: ServerProcess) -> Iterator[Callable[..., ChatSocket]]:
    """Opens sockets: `dial(room, token=...)`, with any further query values."""
    sockets: list[ChatSocket] = []

    def open_socket(room_name: str, *, at: ServerProcess | None = None, token: str = "", **options: Any) -> ChatSocket:
        query = dict(options.pop("query", {}))
        if token:
            query["Authorization"] = token
        url = f"ws://127.0.0.1:{(at or server).port}/ws/chat/{room_name}/"
        sockets.append(ChatSocket(f"{url}?{urlencode(query)}" if query else url, **options))
        return sockets[-1]

    yield open_socket
    for chat_socket in sockets:
        chat_socket.close()


@pytest.fixture
def enter(dial: Callable[..., ChatSocket]) -> Callable[..., ChatSocket]:
    """Opens a socket of somebody in a room and reads up to `ready`."""

    def enter_room(someone: Person, room_name: str, *, at: ServerProcess | None = None, **query: Any) -> ChatSocket:
        chat_socket = dial(room_name, at=at, token=someone.tokens["access"], query=query)
        chat_socket.next("ready")
        return chat_socket

    return enter_room


@pytest.fixture
def bare(server: ServerProcess) -> Iterator[Callable[..., BareSocket]]:
    """Opens a bare socket of somebody in a room and reads up to `ready`."""
    sockets: list[BareSocket] = []

    def open_socket(someone: Person, room_name: str, **options: Any) -> BareSocket:
        path = f"/ws/chat/{room_name}/?Authorization={someone.tokens['access']}"
        sockets.append(BareSocket(server.port, path, **options))
        sockets[-1].read_until("ready")
        return sockets[-1]

    yield open_socket
    for bare_socket in sockets:
        bare_socket.close()


@pytest.fixture
def on_postgres() -> None:
    """For stories that need row locks or Redis."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL and Redis")


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process writes is committed but told to nobody, as if it died in between."""
    monkeypatch.setattr(Bus, "send", lambda *_: None)


@pytest.fixture
def outage() -> None:
    """For stories in which a server rightly logs an error."""
