"""How the frames of a socket are described: serializers for the documents, one per type, made from a line each."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chatapi.json_schema import CONST
from chatapi.rest import MomentField, StrictSerializer
from chatapi.schema import ProblemSerializer

MAX_REF = 100


_MEMBERS: dict[str, Callable[..., serializers.Field[Any, Any, Any, Any]]] = {
    "ref": partial(serializers.CharField, help_text="The `ref` of the frame that is answered."),
    "room": partial(serializers.CharField, help_text="The name of the room it is about."),
    "rev": partial(serializers.IntegerField, help_text="The room's number of this change; yours after applying it."),
    "prev": partial(
        serializers.IntegerField, help_text="You have missed something exactly when your number is below this one."
    ),
    "marks": partial(serializers.IntegerField, help_text="The room's number of this receipt."),
    "me": partial(serializers.IntegerField, help_text="The number of this change of your own."),
    "error": partial(ProblemSerializer, help_text="What is wrong; the same object as in a REST error."),
}
"""What a server frame can have beside `type`, `at` and `data`."""


def constant(value: str) -> serializers.Field[Any, Any, Any, Any]:
    """A field that always says `value`."""
    kind = type("ConstantField", (serializers.CharField,), {})
    made: type[serializers.CharField] = extend_schema_field({"type": "string", CONST: value})(kind)
    return made(help_text=f"Always `{value}`.")


@extend_schema_field({"type": "object", "additionalProperties": False})
class NothingField(serializers.DictField):
    """Nothing more."""


@dataclass(frozen=True)
class Frame:
    """A frame that the server sends."""

    kind: str
    summary: str
    schema: type[serializers.Serializer[Any]]
    example: dict[str, Any]
    key: str
    """Its name in the document: one type can have several forms."""


def server_frame(
    kind: str,
    summary: str,
    example: dict[str, Any],
    *,
    members: str = "",
    data: type[serializers.Field[Any, Any, Any, Any]] | None = None,
    form: str = "",
) -> Frame:
    """A frame of type `kind` with exactly these members, those with a `?` only sometimes, and `data`.

    `form` tells frames of one type apart.
    """
    fields: dict[str, Any] = {"type": constant(kind)}
    for member in members.split():
        name = member.removesuffix("?")
        fields[name] = _MEMBERS[name](required=name == member)
    fields["at"] = MomentField(help_text="When the frame was made, by the server's clock.")
    if data is not None:
        fields["data"] = data(help_text=inspect.getdoc(data))
    key = f"{kind}.{form}" if form else kind
    schema = type(f"{_camel(key)}FrameSchema", (serializers.Serializer,), fields | {"__doc__": summary})
    return Frame(kind, summary, schema, example, key)


@dataclass(frozen=True)
class ClientFrame:
    """A frame that a client sends, and what it is answered with."""

    key: str
    summary: str
    schema: type[serializers.Serializer[Any]]
    example: dict[str, Any]
    replies: list[Frame] = field(default_factory=list)


def client_frame(
    kind: str,
    summary: str,
    example: dict[str, Any],
    *,
    data: serializers.Serializer[Any],
    replies: list[Frame],
    names_room: bool = False,
    form: str = "",
) -> ClientFrame:
    """A frame of type `kind` whose data is what this input serializer accepts."""
    needs_data = any(one.required for one in data.fields.values())
    fields: dict[str, Any] = {
        "type": constant(kind),
        "ref": serializers.CharField(
            required=False, allow_blank=True, max_length=MAX_REF, help_text="Comes back in the answer."
        ),
        "room": serializers.CharField(
            required=names_room,
            help_text="The room it is about." if names_room else "Not needed: this socket is about one room.",
        ),
        "data": type(data)(required=needs_data, help_text=inspect.getdoc(data)),
    }
    if form == "inbox" and not names_room:
        del fields["room"]
    key = f"{kind}.{form}" if form else kind
    schema = type(f"{_camel(key)}Schema", (StrictSerializer,), fields | {"__doc__": summary})
    return ClientFrame(key, summary, schema, example, replies)


def _camel(key: str) -> str:
    return "".join(word.capitalize() for word in key.replace("_", ".").split("."))
