"""The check itself: what nobody documented is found, wherever it comes from."""

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect as async_connect
from websockets.sync.client import connect
from websockets.sync.server import Server, serve

from accounts.errors import InvalidCode
from accounts.examples import SESSION_ID
from accounts.serializers import MeSerializer
from accounts.views import MeViewSet
from conversations import frame_examples as example
from conversations.errors import ClientIdReused
from tests.contract.documents import Violation, check_reply
from tests.contract.recording import expected_violations, record


def planted(*frames: Any) -> list[str]:
    """What is found when a server says this."""

    def say(connection: Any) -> None:
        for frame in frames:
            connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    with serve(say, "127.0.0.1", 0) as server, expected_violations() as found:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for channel in ("chat/room", "inbox"):
            with connect(f"ws://127.0.0.1:{port_of(server)}/ws/{channel}/", proxy=None) as socket:
                for _ in frames:
                    socket.recv(timeout=5)
        server.shutdown()
        thread.join()
    return found


def port_of(server: Server) -> int:
    return int(server.socket.getsockname()[1])


def test_documented_replies_and_frames_are_fine(alice):
    with expected_violations() as found:
        alice.client.get("accounts/me/")
    assert found == []
    assert planted(example.CREATED) == []


def test_an_undocumented_field_of_a_reply_is_found(alice, monkeypatch):
    plain = MeSerializer.to_representation
    monkeypatch.setattr(MeSerializer, "to_representation", lambda self, user: plain(self, user) | {"secret": 1})
    with expected_violations() as found:
        alice.client.get("accounts/me/")
    assert len(found) == 1
    assert "secret" in found[0]


def test_a_missing_field_of_a_reply_is_found(alice, monkeypatch):
    monkeypatch.setattr(MeSerializer, "to_representation", lambda self, user: {"id": str(user.pk)})
    with expected_violations() as found:
        alice.client.get("accounts/me/")
    assert len(found) == 1
    assert "username" in found[0]


@pytest.mark.parametrize(
    ("error", "complaint"), [(InvalidCode(), "invalid_code"), (ClientIdReused(), "409 is not documented")]
)
def test_an_undocumented_code_and_status_are_found(alice, monkeypatch, error, complaint):
    def refuse(self: Any, request: Any) -> None:
        raise error

    monkeypatch.setattr(MeViewSet, "partial_update", refuse)
    with expected_violations() as found:
        alice.client.patch("accounts/me/", {})
    assert len(found) == 1
    assert complaint in found[0]


def test_an_undocumented_media_type_and_body_are_found():
    with pytest.raises(Violation, match="text/html"):
        check_reply("GET", "/api/v1/accounts/me/", 200, {"Content-Type": "text/html"}, b"<p>")
    with pytest.raises(Violation, match="has a body"):
        check_reply("POST", "/api/v1/accounts/logout/", 204, {"Content-Type": "application/json"}, b"{}")


def test_an_undocumented_frame_is_found_on_both_sockets():
    found = planted({"type": "message.whispered", "at": example.AT, "data": {}})
    assert len(found) == 2
    assert all("message.whispered" in one for one in found)


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (example.CREATED | {"secret": 1}, "secret"),
        (example.CREATED | {"data": example.MESSAGE | {"secret": 1}}, "secret"),
        ({name: value for name, value in example.CREATED.items() if name != "prev"}, "prev"),
        (example.frame("error", error=example.PROBLEM | {"code": "no_such_code"}), "no_such_code"),
        (example.frame("ack", {"something": "else"}, ref="a1"), "something"),
        (b"{}", "bytes"),
    ],
    ids=["field", "inner field", "missing field", "code", "ack", "bytes"],
)
def test_a_frame_that_is_not_as_documented_is_found(frame, complaint):
    found = planted(frame)
    assert len(found) == 2
    assert complaint in found[0]


def test_an_ack_has_to_fit_the_command_it_answers():
    def answer(connection: Any) -> None:
        connection.recv(timeout=5)
        connection.send(json.dumps(example.frame("ack", {"session": SESSION_ID}, ref="a1")))

    with serve(answer, "127.0.0.1", 0) as server, expected_violations() as found:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with connect(f"ws://127.0.0.1:{port_of(server)}/ws/chat/room/", proxy=None) as socket:
            socket.send(json.dumps({"type": "ping", "ref": "a1"}))
            socket.recv(timeout=5)
        server.shutdown()
        thread.join()
    assert len(found) == 1
    assert "server_time" in found[0]


@pytest.fixture
def liar() -> Iterator[int]:
    """The port of a server whose every HTTP body is wrong and whose frames nobody knows."""

    def say(connection: Any) -> None:
        connection.send('{"type": "nonsense"}')

    def lie(connection: Any, request: Any) -> Any:
        if request.path.startswith("/ws/"):
            return None
        reply = connection.respond(200, '{"lie": true}')
        del reply.headers["Content-Type"]
        reply.headers["Content-Type"] = "application/json"
        return reply

    with serve(say, "127.0.0.1", 0, process_request=lie) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield port_of(server)
        server.shutdown()
        thread.join()


def test_asynchronous_clients_are_heard_too(liar):
    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"http://127.0.0.1:{liar}/api/v1/accounts/me/")
        async with async_connect(f"ws://127.0.0.1:{liar}/ws/inbox/", proxy=None) as socket:
            async for _ in socket:
                break

    with expected_violations() as found:
        asyncio.run(ask())
        httpx.get(f"http://127.0.0.1:{liar}/api/v1/accounts/me/", trust_env=False)
    assert ["lie" in one or "nonsense" in one for one in found] == [True] * 3


def test_a_test_that_saw_a_violation_fails(same_record):
    from tests.contract import recording

    record.violations.append("something undocumented")
    hook = recording.pytest_runtest_call()
    next(hook)
    with pytest.raises(pytest.fail.Exception, match="something undocumented"):
        hook.send(None)
    assert record.violations == []


@pytest.fixture
def same_record() -> Iterator[None]:
    """Leaves the record as it was."""
    before = record.take()
    yield
    record.violations = before
