"""The one page that a mail leads to."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


@require_safe
def undo_email(request: HttpRequest) -> HttpResponse:
    """Asks before it takes a change of address back; the token behind the `#` never comes here."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return HttpResponse(render_to_string("accounts/undo_email.html"), headers=headers)
