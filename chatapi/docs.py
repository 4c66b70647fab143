"""The documents and their pages: drf-yasg's Swagger UI and ReDoc for the REST calls, a page of our own for sockets."""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from chatapi import json
from chatapi.errors import PROBLEMS
from chatapi.schema import example_of, meaning
from chatapi.socket_page import page_of

SWAGGER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SOCKETS_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# ReDoc fills two style elements by script - one begins empty - and searches in a worker made from a blob.
REDOC_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
)
REDOC_POLICY = (
    SWAGGER_POLICY.replace("style-src 'self'", f"style-src 'self' {' '.join(REDOC_STYLES)}") + "; worker-src blob:"
)


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, made once per process."""
    _refuse_if_switched_off()
    return HttpResponse(_document(), content_type="application/json", headers={"Cache-Control": "max-age=60"})


@require_safe
def swagger(request: HttpRequest) -> HttpResponse:
    """The page to read and try every call, with the table of problems below."""
    rows = [
        {"meaning": meaning(problem).replace("`", ""), **example_of(problem)} for _, problem in sorted(PROBLEMS.items())
    ]
    return _page(request, "chatapi/swagger.html", SWAGGER_POLICY, {"problems": rows})


@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    """The page to read."""
    return _page(request, "chatapi/redoc.html", REDOC_POLICY, {})


Describe = Callable[[], dict[str, Any]]


@require_safe
def sockets_document(request: HttpRequest, describe: Describe) -> HttpResponse:
    """The AsyncAPI document that `describe` makes."""
    _refuse_if_switched_off()
    return HttpResponse(
        json.body(_described(describe)), content_type="application/json", headers={"Cache-Control": "max-age=60"}
    )


@require_safe
def sockets(request: HttpRequest, describe: Describe) -> HttpResponse:
    """The page to read about the sockets; it needs no script."""
    return _page(request, "chatapi/asyncapi.html", SOCKETS_POLICY, page_of(_described(describe)))


def _page(request: HttpRequest, template: str, policy: str, context: dict[str, object]) -> HttpResponse:
    _refuse_if_switched_off()
    page = render(request, template, {"title": settings.SPECTACULAR_SETTINGS["TITLE"], **context})
    page.headers["Content-Security-Policy"] = policy
    return page


def _refuse_if_switched_off() -> None:
    if not settings.DOCS:
        raise Http404


def _described(describe: Describe) -> dict[str, Any]:
    with _one_at_a_time:
        return describe()


def _document() -> bytes:
    with _one_at_a_time:
        return _make_document()


_one_at_a_time = threading.Lock()
"""The generator keeps its state on the views' classes: two threads would write into each other's document."""


@cache
def _make_document() -> bytes:
    return json.body(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]
