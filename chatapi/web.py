"""The chat page at `/`: clients/web, which lives on nothing but the JavaScript client beside it."""

import json
from functools import cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template import Context, Template
from django.views.decorators.http import require_safe

FOLDER = settings.BASE_DIR / "clients" / "web"
FILES = {"clients/web/": FOLDER, "clients/chatclient/": settings.BASE_DIR / "clients" / "javascript" / "src"}
"""Which folder is served where. The page names the client as its neighbour, so both may move together."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Older Safari does not count a page's own sockets among 'self', so they are named."""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page itself; everything else of it is static files."""
    if not settings.WEB_CLIENT:
        raise Http404
    headers = {
        "Content-Security-Policy": POLICY.format(host=request.get_host()),
        "Cache-Control": "no-cache",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    return HttpResponse(_page().render(Context({"options": json.dumps(_options())})), headers=headers)


def _options() -> dict[str, str]:
    """What the page cannot know by itself."""
    return {"mailbox": "/dev/mail/"} if settings.DEBUG else {}


@cache
def _page() -> Template:
    return Template((FOLDER / "index.html").read_text(encoding="utf-8"))
