"""The AsyncAPI document of the sockets, made from the serializers that read and describe their frames."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.utils import Direction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from chatapi.errors import PROBLEMS
from chatapi.frame_schema import ClientFrame, Frame
from chatapi.json_schema import as_json_schema
from chatapi.limits import limits
from chatapi.schema import Schema

VERSION = "3.0.0"
TEXT: dict[str, Any] = {"type": "string"}


@dataclass(frozen=True)
class CloseCode:
    """A code that a socket is closed with."""

    code: int
    meaning: str
    advice: str
    """What a client should do."""


@dataclass(frozen=True)
class Query:
    """A value in a socket's address."""

    name: str
    description: str
    schema: dict[str, Any] = field(default_factory=lambda: dict(TEXT))


@dataclass(frozen=True)
class Channel:
    """One kind of socket."""

    name: str
    address: str
    title: str
    description: str
    sent: list[Frame]
    """What the server says."""
    received: list[ClientFrame]
    """What clients say."""
    queries: list[Query]
    parameters: dict[str, str] = field(default_factory=dict)
    """Name to description."""


def asyncapi(channels: list[Channel], close_codes: list[CloseCode], description: str) -> dict[str, Any]:
    """The document."""
    builder = _Builder(close_codes)
    built = {channel.name: builder.channel(channel) for channel in channels}
    operations = {name: entry for channel in channels for name, entry in builder.operations(channel)}
    return {
        "asyncapi": VERSION,
        "id": "urn:chatapi:sockets",
        "info": {
            "title": f"{settings.SPECTACULAR_SETTINGS['TITLE']}: sockets",
            "version": settings.VERSION,
            "description": "\n".join([description, _close_table(close_codes), "", _limit_table()]),
            "externalDocs": {"description": "The REST calls.", "url": f"{settings.PUBLIC_URL}/swagger/"},
        },
        "defaultContentType": "application/json",
        "servers": {"this": _server()},
        "channels": built,
        "operations": operations,
        "components": {
            "messages": builder.messages,
            "schemas": builder.schemas(),
            "securitySchemes": SECURITY,
        },
        "x-limits": limits().as_json(),
    }


SECURITY: dict[str, dict[str, Any]] = {
    "tokenInUrl": {
        "type": "httpApiKey",
        "in": "query",
        "name": "Authorization",
        "description": "The access token, with or without `Bearer ` before it. A server may switch this way off.",
    },
    "ticket": {
        "type": "httpApiKey",
        "in": "query",
        "name": "ticket",
        "description": "A ticket of `POST /api/v1/accounts/ws-ticket/`: good once, for a short time.",
    },
    "bearerHeader": {
        "type": "http",
        "scheme": "bearer",
        "description": "The header `Authorization`, for clients that are no browsers.",
    },
    "firstFrame": {
        "type": "apiKey",
        "in": "password",
        "description": "A first frame `auth` with the access token, where none of the other ways is used.",
    },
}


def _server() -> dict[str, Any]:
    url = urlsplit(settings.PUBLIC_URL)
    return {
        "host": url.netloc,
        "protocol": "wss" if url.scheme == "https" else "ws",
        "description": "This server.",
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in SECURITY],
    }


def _close_table(codes: Iterable[CloseCode]) -> str:
    rows = [f"| {one.code} | {one.meaning} | {one.advice} |" for one in codes]
    return "\n".join(["## Close codes", "", "| code | meaning | client should |", "|---|---|---|", *rows])


def _limit_table() -> str:
    rows = [f"| `{name}` | {number} |" for name, number in limits().as_json().items()]
    return "\n".join(["## Limits", "", "| limit | value |", "|---|---|", *rows])


class _Builder:
    """Collects messages and schemas while the channels are described."""

    def __init__(self, close_codes: list[CloseCode]) -> None:
        self.messages: dict[str, Any] = {}
        self._close_codes = close_codes
        self._mapper = Schema()
        self._mapper.registry = ComponentRegistry()
        self._mapper.view = APIView()
        self._mapper.view.request = Request(HttpRequest())

    def schemas(self) -> dict[str, Any]:
        """Every schema the messages refer to."""
        made = as_json_schema(self._mapper.registry.build({})["schemas"])
        made["Problem"]["properties"]["code"]["enum"] = sorted(PROBLEMS)
        return dict(made)

    def channel(self, channel: Channel) -> dict[str, Any]:
        """The channel object."""
        replies = [reply for one in channel.received for reply in one.replies]
        frames = {one.key: self._server_message(one) for one in [*channel.sent, *replies]}
        frames |= {one.key: self._client_message(one) for one in channel.received}
        query = {one.name: one.schema | {"description": one.description} for one in channel.queries}
        described = {
            "address": channel.address,
            "title": channel.title,
            "description": f"{channel.description}\n\n{_close_table(self._close_codes)}",
            "servers": [{"$ref": "#/servers/this"}],
            "messages": frames,
            "bindings": {
                "ws": {
                    "method": "GET",
                    "query": {"type": "object", "properties": query},
                    "headers": {
                        "type": "object",
                        "properties": {"Authorization": TEXT | {"description": "`Bearer <access token>`."}},
                    },
                    "bindingVersion": "0.1.0",
                }
            },
            "x-close-codes": {
                str(one.code): {"meaning": one.meaning, "advice": one.advice} for one in self._close_codes
            },
        }
        if channel.parameters:
            described["parameters"] = {name: {"description": text} for name, text in channel.parameters.items()}
        return described

    def operations(self, channel: Channel) -> Iterable[tuple[str, dict[str, Any]]]:
        """What the server sends of itself, then what it takes and answers."""
        here = {"$ref": f"#/channels/{channel.name}"}
        for frame in channel.sent:
            yield (
                f"{channel.name}.{frame.kind}",
                {"action": "send", "channel": here, "summary": frame.summary, "messages": [_in(channel, frame.key)]},
            )
        for one in channel.received:
            kind = one.key.removesuffix(f".{channel.name}")
            described = {
                "action": "receive",
                "channel": here,
                "summary": one.summary,
                "messages": [_in(channel, one.key)],
            }
            if one.replies:
                keys = dict.fromkeys(reply.key for reply in one.replies)
                described["reply"] = {"channel": here, "messages": [_in(channel, key) for key in keys]}
            yield f"{channel.name}.{kind}", described

    def _server_message(self, frame: Frame) -> dict[str, str]:
        return self._message(frame.key, frame.summary, frame.schema(), frame.example, "response")

    def _client_message(self, frame: ClientFrame) -> dict[str, str]:
        return self._message(frame.key, frame.summary, frame.schema(), frame.example, "request")

    def _message(
        self, key: str, summary: str, schema: serializers.Serializer[Any], example: dict[str, Any], way: Direction
    ) -> dict[str, str]:
        if key not in self.messages:
            component = self._mapper.resolve_serializer(schema, way)
            self.messages[key] = {
                "name": key,
                "title": str(example.get("type", key)),
                "summary": summary,
                "payload": component.ref,
                "examples": [{"name": key, "payload": example}],
            }
        return {"$ref": f"#/components/messages/{key}"}


def _in(channel: Channel, key: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel.name}/messages/{key}"}
