"""Replies and frames held against the documents, strictly: a field that is not documented is a violation.

The documents themselves are open, because clients have to ignore what they do not know; these checks are not.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
from drf_spectacular.generators import SchemaGenerator

from chatapi.json_schema import as_json_schema
from conversations import socket_document as sockets

Json = dict[str, Any]

PROBLEM_JSON = "application/problem+json"


class Violation(AssertionError):
    """What the server said is not what the documents say."""


@cache
def rest_document() -> Json:
    """The OpenAPI document."""
    return dict(SchemaGenerator().get_schema(request=None, public=True))


@cache
def rest_schemas() -> Json:
    """Its components as JSON Schema."""
    return dict(as_json_schema(rest_document()["components"]["schemas"]))


def socket_document() -> Json:
    """The AsyncAPI document."""
    return sockets.socket_document()


def closed(schema: Any, *, part_of_all: bool = False) -> Any:
    """A copy in which no object has fields beside those it names."""
    if isinstance(schema, list):
        return [closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        name: [closed(entry, part_of_all=True) for entry in inner]
        if name == "allOf"
        else {key: closed(value) for key, value in inner.items()}
        if name == "properties"
        else closed(inner)
        for name, inner in schema.items()
    }
    if "properties" in made and not part_of_all:
        made.setdefault("additionalProperties", False)
    return made


class _Validators:
    """Compiled once per schema, all with the same closed components."""

    def __init__(self, components: Json) -> None:
        self._components = closed(components)
        self._compiled: dict[str, Any] = {}

    def check(self, value: Any, schema: Json, about: str) -> None:
        key = json.dumps(schema, sort_keys=True)
        validator = self._compiled.get(key)
        if validator is None:
            whole = closed(schema) | {"components": {"schemas": self._components}}
            validator = self._compiled[key] = jsonschema_rs.Draft202012Validator(whole)
        if not validator.is_valid(value):
            errors = [f"{list(error.instance_path)}: {error.message[:500]}" for error in validator.iter_errors(value)]
            raise Violation("\n".join([f"{about} is not as documented:", *errors[:10]]))


# REST


@cache
def _rest_validators() -> _Validators:
    return _Validators(rest_schemas())


@cache
def _routes() -> list[tuple[re.Pattern[str], str, Json]]:
    """Every path, those without parameters first."""
    paths = sorted(rest_document()["paths"].items(), key=lambda entry: entry[0].count("{"))
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), path, calls) for path, calls in paths]


def check_reply(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raises Violation unless the reply is one that the OpenAPI document gives for the call."""
    found = next((entry for entry in _routes() if entry[0].fullmatch(path)), None)
    if found is None:
        return
    _, template, calls = found
    call = calls.get("get" if method == "HEAD" else method.lower())
    about = f"{method} {template}: {status}"
    if call is None:
        _check_no_call(method, status, about)
        return
    response = call["responses"].get(str(status))
    if response is None:
        raise Violation(f"{about} is not documented; it has {sorted(call['responses'])}: {body[:500]!r}")
    content = response.get("content")
    if not content:
        if body:
            raise Violation(f"{about} has a body, which is not documented: {body[:500]!r}")
        return
    kind = headers.get("Content-Type", "").partition(";")[0]
    if kind not in content:
        raise Violation(f"{about} is {kind}; documented is {sorted(content)}")
    if method != "HEAD":
        _rest_validators().check(json.loads(body), as_json_schema(content[kind]["schema"]), f"{about} {body[:200]!r}")


def check_body(value: Any, schema: Json, about: str) -> None:
    """Raises Violation unless a request's body is as its schema in the OpenAPI document says."""
    _rest_validators().check(value, as_json_schema(schema), about)


def _check_no_call(method: str, status: int, about: str) -> None:
    """A method that no document has: OPTIONS is the browser's preflight, all others are refused."""
    if method != "OPTIONS" and status not in {401, 404, 405, 429}:
        raise Violation(f"{about}: the method is not documented")


# Sockets


@cache
def _socket_validators() -> _Validators:
    return _Validators(socket_document()["components"]["schemas"])


@cache
def _messages(channel: str) -> dict[str, dict[str, Json]]:
    """Of one channel, by direction (`send` is the server) and type: the possible forms, by their key."""
    document = socket_document()
    by_type: dict[str, dict[str, Json]] = {}
    client = {
        ref["$ref"].rpartition("/")[2]
        for one in document["operations"].values()
        if one["action"] == "receive"
        for ref in one["messages"]
    }
    for key in document["channels"][channel]["messages"]:
        message = document["components"]["messages"][key]
        way = "receive" if key in client else "send"
        kind = message["examples"][0]["payload"].get("type", "plain")
        by_type.setdefault(f"{way} {kind}", {})[key] = message["payload"]
    return by_type


class SocketContract:
    """What may pass on one socket. Knows which command an `ack` answers, where it saw the command."""

    def __init__(self, channel: str) -> None:
        self._messages = _messages(channel)
        self._asked: dict[str, str] = {}

    def check_sent(self, frame: Json) -> None:
        """Raises Violation for a client frame that is not documented."""
        self._check("receive", frame)

    def note_sent(self, text: str | bytes) -> None:
        """Remembers a command by its `ref`; what a test sends may be anything."""
        try:
            frame = json.loads(text)
            self._asked[frame["ref"]] = frame["type"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return

    def check_received(self, frame: Json) -> None:
        """Raises Violation for a server frame that is not documented."""
        self._check("send", frame)

    def _check(self, way: str, frame: Json) -> None:
        kind = frame.get("type", "plain")
        forms = self._messages.get(f"{way} {kind}")
        if forms is None:
            raise Violation(f"The frame type {kind} is not documented for this socket: {json.dumps(frame)[:500]}")
        asked = self._asked.get(frame.get("ref", ""))
        if kind == "ack" and f"ack.{asked}" in forms:
            forms = {f"ack.{asked}": forms[f"ack.{asked}"]}
        schemas = list(forms.values())
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        _socket_validators().check(frame, schema, f"The frame {json.dumps(frame)[:300]}")
