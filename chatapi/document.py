"""What the OpenAPI document says about every call at once: conventions, common problems, headers."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chatapi.errors import (
    PROBLEMS,
    InvalidCursor,
    InvalidInput,
    InvalidJson,
    NotFound,
    Problem,
    RateLimited,
    ServerError,
    TooLarge,
    Unavailable,
    UnknownField,
    UnsupportedMediaType,
)
from chatapi.json_schema import with_enums
from chatapi.problems import PROBLEM_JSON
from chatapi.schema import describe, example_of

CONVENTIONS = Path(__file__).parent / "templates" / "chatapi" / "conventions.md"

_EVERY_CALL = (RateLimited, ServerError, Unavailable)
_WITH_TOKEN = ("token_expired", "invalid_token", "session_ended")
_WITH_BODY = (InvalidJson, InvalidInput, UnknownField, TooLarge, UnsupportedMediaType)

_CODE = re.compile(r"^- `(\w+)`:", re.MULTILINE)

_HEADERS = {
    "X-Request-ID": "The request's id: yours if you sent one, else made here. Give it when you report an error.",
    "RateLimit": 'What is left: `"scope";r=<remaining>;t=<seconds until the window ends>`, one entry per limit met.',
    "RateLimit-Policy": 'The limits met: `"scope";q=<quota>;w=<seconds>`.',
    "Retry-After": "Whole seconds to wait before a repeat.",
}


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A postprocessing hook of drf-spectacular."""
    result["info"]["description"] = f"{CONVENTIONS.read_text(encoding='utf-8')}\n{_problem_table()}"
    components = result.setdefault("components", {})
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.items()
    }
    with_enums(components["schemas"])
    components["schemas"]["Problem"]["properties"]["code"]["enum"] = sorted(PROBLEMS)
    for path, calls in result["paths"].items():
        for call in calls.values():
            for problem in _common_problems(path, call):
                _add(call["responses"], problem)
            for status, response in call["responses"].items():
                _name_codes(response)
                response.setdefault("headers", {}).update(_headers_of(status))
                response["description"] = response.get("description") or HTTPStatus(int(status)).phrase
    return result


def _common_problems(path: str, call: dict[str, Any]) -> Iterator[type[Problem]]:
    yield from _EVERY_CALL
    if any("bearerAuth" in way for way in call.get("security", ())):
        yield from (PROBLEMS[code] for code in _WITH_TOKEN if code in PROBLEMS)
    if "requestBody" in call:
        yield from _WITH_BODY
    if any(parameter["name"] == "cursor" for parameter in call.get("parameters", ())):
        yield from (InvalidCursor, InvalidInput)
    if "{" in path:
        yield NotFound


def _add(responses: dict[str, Any], problem: type[Problem]) -> None:
    """Adds the problem to the response of its status, unless the call has named it itself."""
    response = responses.setdefault(str(int(problem.status)), {"description": ""})
    content = response.setdefault("content", {}).setdefault(
        PROBLEM_JSON, {"schema": {"$ref": "#/components/schemas/Problem"}}
    )
    if f"`{problem.code}`" in response["description"]:
        return
    content.setdefault("examples", {})[problem.code] = {"value": example_of(problem)}
    response["description"] = f"{response['description']}\n{describe(problem)}".strip()


def _name_codes(response: dict[str, Any]) -> None:
    """Lets the schema of an error say, too, which codes it can have here."""
    content = response.get("content", {}).get(PROBLEM_JSON)
    if content:
        codes = _CODE.findall(response["description"])
        only = {"type": "object", "properties": {"code": {"type": "string", "enum": sorted(set(codes))}}}
        content["schema"] = {"allOf": [{"$ref": "#/components/schemas/Problem"}, only]}


def _headers_of(status: str) -> dict[str, Any]:
    names = ["X-Request-ID", "RateLimit", "RateLimit-Policy"]
    if status in {"429", "503"}:
        names.append("Retry-After")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem_table() -> str:
    rows = [
        f"| `{problem.code}` | {int(problem.status)} | {problem.retry} | {problem.title} |"
        for problem in sorted(PROBLEMS.values(), key=lambda one: one.code)
    ]
    return "\n".join(["## Problems", "", "| code | status | retry | meaning |", "|---|---|---|---|", *rows, ""])
