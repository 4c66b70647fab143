"""The documents are complete, valid and render without outside help (F31, S40, S88)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import validate
from rest_framework.permissions import AllowAny

from chatapi.errors import PROBLEMS

METHODS = {"get", "post", "put", "patch", "delete"}
ANONYMOUS = {  # every call that needs no token; a new one has to be written here
    "capabilities/",
    "accounts/register/",
    "accounts/login/",
    "accounts/login/verify/",
    "accounts/challenges/resend/",
    "accounts/token/refresh/",
    "accounts/password/forgot/",
    "accounts/password/reset/",
    "accounts/me/email/undo/",
}
NOT_CALLS = {"openapi.json", "asyncapi.json"}


def patterns(resolver: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry.callback


def api_views() -> dict[str, Any]:
    return {
        route.removeprefix("api/v1/"): view
        for route, view in patterns(get_resolver())
        if route.startswith("api/v1/") and route.removeprefix("api/v1/") not in NOT_CALLS
    }


@pytest.fixture(scope="module")
def document() -> Any:
    from django.test import Client

    return Client().get("/api/v1/openapi.json").json()


@pytest.fixture(scope="module")
def calls(document) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", call)
        for path, entry in document["paths"].items()
        for method, call in entry.items()
        if method in METHODS
    ]


def test_the_document_is_valid_openapi(document):
    validate(document)


def test_every_address_is_in_the_document(document):
    described = {re.sub(r"{\w+}", "{}", path) for path in document["paths"]}
    addresses = {"/api/v1/" + re.sub(r"<[^>]+>", "{}", route) for route in api_views()}
    assert addresses == described


def test_every_call_has_summary_description_and_errors(calls):
    for name, call in calls:
        assert call.get("summary"), name
        assert call.get("description"), name
        assert call["operationId"], name
        assert {"429", "500", "503"} <= set(call["responses"]), name
        if call.get("security") != [{}] and "security" in call:
            assert "token_expired" in call["responses"]["401"]["description"], name
        if "requestBody" in call:
            assert "`unknown_field`" in call["responses"]["400"]["description"], name


def test_every_call_belongs_to_a_part_that_is_described(document, calls):
    parts = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert {part for _, call in calls for part in call["tags"]} == set(parts)
    assert all(len(call["tags"]) == 1 for _, call in calls)
    assert all(parts.values())


def test_every_parameter_is_described(calls):
    bare = [
        f"{name}: {one['name']}"
        for name, call in calls
        for one in call.get("parameters", ())
        if not one.get("description")
    ]
    assert bare == []


def test_every_field_is_described(document):
    bare = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, entry in schema.get("properties", {}).items()
        if not entry.get("description")
    ]
    assert bare == []


def test_every_code_is_in_the_document(document):
    assert document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == sorted(PROBLEMS)
    for code in PROBLEMS:
        assert f"| `{code}` |" in document["info"]["description"]


def test_every_reply_names_its_headers(calls):
    for name, call in calls:
        for response in call["responses"].values():
            assert "X-Request-ID" in response["headers"], name


def test_every_view_says_who_may_call_it():
    """S40: a permission of its own or the default, which is a token; anonymous calls are on the list above."""
    anonymous = set()
    for route, view in api_views().items():
        kind = getattr(view, "cls", None)
        assert kind is not None, f"{route} is not a REST view"
        assert kind.permission_classes, f"{route} has no permission"
        if AllowAny in kind.permission_classes:
            anonymous.add(route)
    assert anonymous <= ANONYMOUS


def test_every_other_view_refuses_strangers(api):
    for route in api_views():
        if route in ANONYMOUS:
            continue
        path = "/api/v1/" + re.sub(r"<(\w+:)?\w+>", "0190b5c0-0000-7000-8000-000000000000", route)
        codes = {api.generic(method.upper(), path).status_code for method in METHODS}
        assert 401 in codes, route
        assert codes <= {401, 405}, route


@pytest.mark.parametrize("page", ["/swagger/", "/redoc/", "/api/v1/openapi.json"])
def test_documents_can_be_switched_off(api, settings, page):
    assert api.get(page).status_code == 200
    settings.DOCS = False
    assert api.get(page).status_code == 404


def test_every_problem_has_its_place_on_the_swagger_page(api):
    page = api.get("/swagger/").text
    for code in PROBLEMS:
        assert f'id="problem-{code}"' in page
