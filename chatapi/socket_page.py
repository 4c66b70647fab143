"""The AsyncAPI document as a page: what the template shows, worked out from the document alone."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

Json = dict[str, Any]

_REF = "$ref"
_INLINE_FIELDS = 8
"""Data with more fields than this is shown once, in the list of objects."""


@dataclass(frozen=True)
class Field:
    """A line of a table."""

    path: str
    type: str
    anchor: str
    """Where the type is shown; empty for plain ones."""
    required: bool
    description: SafeString


@dataclass(frozen=True)
class Message:
    """A frame."""

    anchor: str
    name: str
    summary: SafeString
    fields: list[Field]
    example: str
    replies: list[tuple[str, str]]
    """Anchor and name of what it is answered with."""


def page_of(document: Json) -> Json:
    """The template's context."""
    pages = _Pages(document)
    return {
        "document": document,
        "server": document["servers"]["this"],
        "introduction": marked_up(document["info"]["description"].partition("\n## ")[0]),
        "ways": [(name, marked_up(way["description"])) for name, way in pages.components["securitySchemes"].items()],
        "channels": [pages.channel(name, channel) for name, channel in document["channels"].items()],
        "close_codes": [
            (code, marked_up(entry["meaning"]), marked_up(entry["advice"]))
            for code, entry in next(iter(document["channels"].values()))["x-close-codes"].items()
        ],
        "objects": list(pages.objects()),
        "limits": document["x-limits"].items(),
    }


class _Pages:
    def __init__(self, document: Json) -> None:
        self._document = document
        self.components: Json = document["components"]
        self._schemas: Json = self.components["schemas"]
        self._frames = {
            _last(self.components["messages"][key]["payload"]): f"{name}-{key}"
            for name, channel in reversed(document["channels"].items())
            for key in channel["messages"]
        }
        """Where each frame's schema is shown."""

    def channel(self, name: str, channel: Json) -> Json:
        """One socket with its frames in both directions."""
        own = [one for one in self._document["operations"].values() if one["channel"][_REF] == f"#/channels/{name}"]
        query = channel["bindings"]["ws"]["query"]["properties"]
        return {
            "name": name,
            "title": channel["title"],
            "address": channel["address"],
            "description": marked_up(channel["description"].partition("\n## ")[0]),
            "parameters": [(key, marked_up(one["description"])) for key, one in channel.get("parameters", {}).items()],
            "queries": [(key, marked_up(one["description"])) for key, one in query.items()],
            "received": [self._message(name, one) for one in own if one["action"] == "receive"],
            "sent": [self._message(name, one) for one in own if one["action"] == "send"] + self._acks(name, own),
        }

    def _acks(self, channel: str, operations: list[Json]) -> list[Message]:
        """Frames that only come as an answer."""
        sent = {_last(ref) for one in operations if one["action"] == "send" for ref in one["messages"]}
        replies = dict.fromkeys(
            _last(ref)
            for one in operations
            for ref in one.get("reply", {}).get("messages", ())
            if _last(ref) not in sent
        )
        return [self._described(channel, key, []) for key in replies]

    def _message(self, channel: str, operation: Json) -> Message:
        replies = [_last(ref) for ref in operation.get("reply", {}).get("messages", ())]
        links = [(f"{channel}-{key}", _name(key)) for key in replies]
        return self._described(channel, _last(operation["messages"][0]), links)

    def _described(self, channel: str, key: str, replies: list[tuple[str, str]]) -> Message:
        message = self.components["messages"][key]
        example = json.dumps(message["examples"][0]["payload"], indent=2, ensure_ascii=False)
        fields = list(self._fields(self._schemas[_last(message["payload"])]))
        return Message(f"{channel}-{key}", _name(key), marked_up(message["summary"]), fields, example, replies)

    def objects(self) -> Iterator[Json]:
        """What frames carry: every schema that is not itself a frame."""
        for name, schema in self._schemas.items():
            if name not in self._frames:
                choices = [self._type(one) for one in schema.get("oneOf", ())]
                yield {
                    "name": name,
                    "description": marked_up(schema.get("description", "")),
                    "fields": list(self._fields(schema)),
                    "choices": choices,
                }

    def _fields(self, schema: Json, prefix: str = "") -> Iterator[Field]:
        required = schema.get("required", ())
        for name, one in schema.get("properties", {}).items():
            text, anchor = self._type(one)
            description = marked_up(one.get("description", ""))
            yield Field(prefix + name, text, anchor, name in required, description)
            inner = self._schemas.get(_target(one) or "", {})
            if name == "data" and not prefix and len(inner.get("properties", ())) <= _INLINE_FIELDS:
                yield from self._fields(inner, "data.")

    def _type(self, schema: Json) -> tuple[str, str]:
        """What a value is, and where that is explained."""
        name = _target(schema)
        if name is not None:
            return name + (" or null" if "oneOf" in schema else ""), self._frames.get(name, f"object-{name}")
        if "const" in schema:
            return f'"{schema["const"]}"', ""
        if "enum" in schema:
            return " | ".join("null" if value is None else str(value) for value in schema["enum"]), ""
        if schema.get("type") == "array":
            text, anchor = self._type(schema["items"])
            return f"list of {text}", anchor
        if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
            text, anchor = self._type(schema["additionalProperties"])
            return f"object of {text}", anchor
        kinds = schema.get("type", "any")
        text = " or ".join(kinds) if isinstance(kinds, list) else kinds
        return (f"{text}, {schema['format']}" if "format" in schema else text), ""


def _target(schema: Json) -> str | None:
    """The name of the schema that this one is, or is but for null and a description."""
    if _REF in schema:
        return _last(schema)
    for way in ("allOf", "oneOf"):
        named = [one for one in schema.get(way, ()) if _REF in one]
        if len(named) == 1:
            return _last(named[0])
    return None


def _last(ref: Json) -> str:
    return str(ref[_REF]).rpartition("/")[2]


def _name(key: str) -> str:
    return re.sub(r"\.(room|inbox)$", "", key)


def marked_up(text: str) -> SafeString:
    """Markdown's paragraphs, bold and code: all that the document's texts use outside of tables."""
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    safe = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", safe)
    paragraphs = [part.strip() for part in safe.split("\n\n") if part.strip()]
    if len(paragraphs) == 1:
        return mark_safe(paragraphs[0])  # noqa: S308 - escaped above
    return mark_safe("".join(f"<p>{part}</p>" for part in paragraphs))  # noqa: S308 - escaped above
