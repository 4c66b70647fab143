"""What every REST call shares: strict input, JSON only, and one shape of error.

Answers are always JSON, whatever `Accept` says: this API has one representation, and a client that sends a strange
`Accept` (browsers and HTTP libraries do) is better served by JSON than by a 406.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import IO, Any

from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from chatapi import json
from chatapi.errors import UnknownField
from chatapi.problems import PROBLEM_JSON, as_problem, headers_of
from chatapi.times import rfc3339


class StrictSerializer(serializers.Serializer[Any]):
    """An input serializer that refuses fields it does not know, read-only ones included, at every level."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_unknown(data)
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: Mapping[str, Any]) -> None:
        known = {name for name, field in self.fields.items() if not field.read_only}
        unknown = sorted(str(name) for name in data if name not in known)
        if unknown:
            raise serializers.ValidationError(
                dict.fromkeys(unknown, "This call does not know this field."), code=UnknownField.code
            )


class MomentField(serializers.DateTimeField):
    """A moment, written as everywhere in this API: RFC 3339, UTC, milliseconds, `Z`."""

    def to_representation(self, value: dt.datetime) -> str:
        return rfc3339(value)


class StrictJsonParser(BaseParser):
    """Bodies through the decoder that sockets use too; above DATA_UPLOAD_MAX_MEMORY_SIZE bytes it is a 413."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        # `body`, unlike `read`, keeps to Django's limit, also when no Content-Length was announced.
        request = parser_context["request"] if parser_context else None
        return json.loads(request.body if request is not None else stream.read())


class JsonRenderer(BaseRenderer):
    """JSON in UTF-8."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else json.body(data)


class AlwaysJson(BaseContentNegotiation):
    """The parser by `Content-Type`, the view's first renderer whatever `Accept` says."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's exception handler: every error leaves as `application/problem+json`."""
    problem = as_problem(error)
    request_id = getattr(context["request"], "request_id", "")
    return Response(problem.as_json(request_id), problem.status, headers=headers_of(problem), content_type=PROBLEM_JSON)
