"""The sockets' document is valid, complete, and its page renders without outside help."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from chatapi.errors import PROBLEMS
from chatapi.limits import limits
from conversations import commands
from conversations.socket_document import CHANNELS, CLOSE_CODES
from tests.contract.documents import SocketContract, socket_document
from tests.form import ROOT

SPECIFICATION = Path(__file__).parent / "data" / "asyncapi-3.0.0.json.gz"


@pytest.fixture(scope="module")
def document() -> Any:
    from django.test import Client

    return Client().get("/api/v1/asyncapi.json").json()


def test_the_document_is_valid_asyncapi(document):
    schema = json.loads(gzip.decompress(SPECIFICATION.read_bytes()))
    errors = [f"{list(error.instance_path)}: {error.message}" for error in jsonschema_rs.iter_errors(schema, document)]
    assert errors == []


def test_every_schema_is_valid(document):
    for name, schema in document["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema | {"$schema": "http://json-schema.org/draft-07/schema#"})
        assert "oneOf" in schema or schema.get("description"), name


def test_every_reference_leads_somewhere(document):
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        place = document
        for step in reference.split("/"):
            place = place[step]


def test_every_field_is_described(document):
    bare = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, entry in schema.get("properties", {}).items()
        if not entry.get("description")
    ]
    assert bare == []


def test_every_command_of_the_code_is_described_with_its_answers(document):
    of_room, of_inbox = set(commands.ROOM_COMMANDS), set(commands.INBOX_COMMANDS)
    for name, known in (("room", of_room), ("inbox", of_inbox)):
        described = {
            one["messages"][0]["$ref"].rpartition("/")[2].removesuffix(f".{name}"): one
            for one in document["operations"].values()
            if one["action"] == "receive" and one["channel"]["$ref"].endswith(name)
        }
        assert set(described) == known | {"message.send", "plain"}
        for command, operation in described.items():
            replies = {one["$ref"].rpartition("/")[2] for one in operation["reply"]["messages"]}
            assert {"error", f"ack.{'message.send' if command == 'plain' else command}"} <= replies


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_every_example_is_valid(channel):
    contract = SocketContract(channel.name)
    for frame in channel.sent:
        contract.check_received(frame.example)
    for one in channel.received:
        contract.check_sent(one.example)
        for reply in one.replies:
            contract.check_received(reply.example)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_the_server_understands_every_example(channel):
    readers = {name: reader for name, (reader, _) in commands.INBOX_COMMANDS.items()}
    readers.setdefault("message.send", commands.MessageInput())
    for one in channel.received:
        command = commands.understand(one.example)
        assert command.type == one.example.get("type", "message.send")
        readers[command.type].run_validation(command.data)


def test_every_close_code_of_the_code_is_described(document):
    used = set()
    for package in ("chatapi", "accounts", "conversations"):
        for file in (ROOT / package).rglob("*.py"):
            if file.name != "socket_document.py":
                used |= {int(code) for code in re.findall(r"\b(10(?:09|1\d)|44\d\d)\b", file.read_text())}
    described = {one.code for one in CLOSE_CODES}
    assert used - described == set()
    for channel in document["channels"].values():
        assert set(channel["x-close-codes"]) == {str(code) for code in described}
        assert all(f"| {code} |" in channel["description"] for code in described)


def test_limits_and_codes_are_those_of_the_code(document):
    assert document["x-limits"] == limits().as_json()
    assert document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == sorted(PROBLEMS)


def test_both_documents_share_their_objects(document):
    """What both describe is called and looks the same."""
    from tests.contract.documents import rest_schemas

    rest, sockets = rest_schemas(), socket_document()["components"]["schemas"]
    for name in ("Message", "Room", "User", "Me", "Receipt", "Changes", "Problem", "MessageInputRequest"):
        assert rest[name]["properties"].keys() == sockets[name]["properties"].keys(), name
        assert rest[name].get("required") == sockets[name].get("required"), name


def test_the_page_shows_every_frame_field_and_code(document, api):
    page = api.get("/asyncapi/").text
    for name, channel in document["channels"].items():
        for key in channel["messages"]:
            assert f'id="{name}-{key}"' in page
    for name in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{name}"' in page, name
    for code in CLOSE_CODES:
        assert f'id="close-{code.code}"' in page
    assert page.count("<details><summary>Example</summary>") == sum(
        len(channel["messages"]) for channel in document["channels"].values()
    )


def test_the_page_shows_code_as_code(api):
    assert "`" not in api.get("/asyncapi/").text


def test_the_page_asks_nobody_and_allows_no_script(api):
    answer = api.get("/asyncapi/")
    assert "script-src" not in answer["Content-Security-Policy"]
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert re.findall(r'(?:src|href)="(?:https?:)?//', answer.text) == []


@pytest.mark.parametrize("page", ["/asyncapi/", "/api/v1/asyncapi.json"])
def test_it_can_be_switched_off(api, settings, page):
    assert api.get(page).status_code == 200
    settings.DOCS = False
    assert api.get(page).status_code == 404
