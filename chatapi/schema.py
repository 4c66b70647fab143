"""The OpenAPI document: how REST calls are described, and what is said about all of them at once."""

import inspect
from collections import defaultdict
from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiResponse
from rest_framework import serializers

from chatapi.errors import Problem
from chatapi.problems import PROBLEM_JSON
from chatapi.rest import StrictSerializer

EXAMPLE_REQUEST_ID = "018f3c2ab1c47d6c9c1e5f0a2b3c4d5e"


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One wrong field."""

    field = serializers.CharField(help_text="Path of the field, like `members.0.role`; empty for the whole body.")
    code = serializers.CharField(help_text="Stable reason in snake_case.")
    message = serializers.CharField(help_text="What is wrong, for people.")


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem details; a socket's error frame carries the same object."""

    type = serializers.CharField(help_text="Address of this problem's description.")
    title = serializers.CharField(help_text="What the code means, the same each time.")
    status = serializers.IntegerField(help_text="The HTTP status, repeated.")
    detail = serializers.CharField(help_text="What happened this time.")
    code = serializers.CharField(help_text="Stable snake_case code: what a client switches on.")
    request_id = serializers.CharField(help_text="As in the header X-Request-ID; finds the request in the log.")
    retry = serializers.ChoiceField(
        choices=["never", "after", "reauth"],
        help_text="`never`: it would fail again; `after`: wait, then repeat; `reauth`: get a new token, then repeat.",
    )
    retry_after_ms = serializers.IntegerField(required=False, help_text="How long to wait, in milliseconds.")
    attempts_left = serializers.IntegerField(required=False, help_text="Tries that remain, for `invalid_code`.")
    errors = FieldErrorSerializer(  # type: ignore[assignment]  # only validated instances have `errors`
        many=True, required=False, help_text="The wrong fields, for invalid input."
    )


def problems(*classes: type[Problem]) -> dict[tuple[int, str], OpenApiResponse]:
    """The entries of `extend_schema(responses=...)` for these problems, grouped by status, one example each."""
    by_status: defaultdict[HTTPStatus, list[type[Problem]]] = defaultdict(list)
    for problem in dict.fromkeys(classes):
        by_status[problem.status].append(problem)
    return {(int(status), PROBLEM_JSON): _response(group) for status, group in sorted(by_status.items())}


def _response(group: list[type[Problem]]) -> OpenApiResponse:
    return OpenApiResponse(
        ProblemSerializer,
        description="\n".join(describe(problem) for problem in group),
        examples=[_example(problem) for problem in group],
    )


def describe(problem: type[Problem]) -> str:
    """One line of Markdown: the code and what it means."""
    return f"- `{problem.code}`: {meaning(problem)}"


def meaning(problem: type[Problem]) -> str:
    """What the code means, in a sentence."""
    return " ".join((problem.__doc__ or problem.title).split("\n\n")[0].split())


def example_of(problem: type[Problem]) -> dict[str, Any]:
    """A body as a client gets it."""
    return {
        "type": f"/swagger/#problem-{problem.code}",
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.title,
        "code": problem.code,
        "request_id": EXAMPLE_REQUEST_ID,
        "retry": problem.retry,
    }


def _example(problem: type[Problem]) -> OpenApiExample:
    return OpenApiExample(
        problem.code,
        value=example_of(problem),
        response_only=True,
        media_type=PROBLEM_JSON,
        status_codes=[str(int(problem.status))],
    )


def asked(name: str, value: Any, description: str = "") -> OpenApiExample:
    """A body as a client sends it."""
    return OpenApiExample(name, value, description=description, request_only=True)


def shown(name: str, value: Any, *, status: int | None = None) -> OpenApiExample:
    """An answer as it looks; of one status where a call has several good ones."""
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)] if status else None)


class Schema(AutoSchema):
    """How this project's views are described: a docstring's first line is the summary, all of it the description."""

    def get_summary(self) -> str | None:
        return self._docstring().partition("\n")[0].rstrip(".") or None

    def get_description(self) -> str:  # type: ignore[override]  # as in drf-spectacular
        return self._docstring()

    def get_serializer_name(self, serializer: Any, direction: Direction) -> str:
        """`MessageSchema` only says how a `Message` looks."""
        return super().get_serializer_name(serializer, direction).removesuffix("Schema")

    def _is_list_view(self, serializer: Any = None) -> bool:
        """An answer is a list exactly when it is described as one (`many=True`), whatever its view method is called."""
        if serializer is None:
            return bool(super()._is_list_view())
        return isinstance(serializer, serializers.ListSerializer)

    def _map_basic_serializer(self, serializer: Any, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema

    def _docstring(self) -> str:
        action = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        return inspect.getdoc(action) or inspect.getdoc(type(self.view)) or ""
