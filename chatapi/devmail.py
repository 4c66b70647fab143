"""Mail on a developer's machine: printed to the terminal, kept for the page /dev/mail/, sent to nobody.

One file per mail, written aside and then renamed, so that any number of processes may write and read at once.
"""

import json
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from chatapi import times
from chatapi.addresses import is_address, is_from_private_network

KEPT = 500
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"


class MailBackend(BaseEmailBackend):
    """An email backend for DEBUG that delivers to the terminal and to a folder beside the database."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Stores and prints each mail; the number of mails."""
        for message in email_messages:
            mail = {
                "to": ", ".join(message.recipients()),
                "subject": message.subject,
                "text": message.body,
                "at": times.rfc3339(times.now()),
            }
            _keep(mail)
            _print(mail)
        return len(email_messages)


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """All kept mails, newest first, optionally `?to=` one address: a page, or JSON for those who accept JSON."""
    if not (settings.DEBUG and is_from_private_network(request) and _is_called_by_name(request)):
        raise Http404
    wanted = request.GET.get("to", "").casefold()
    mails = [mail for mail in _kept() if not wanted or wanted in mail["to"].casefold().split(", ")]
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": PAGE_POLICY, "Vary": "Accept"}
    accept = request.headers.get("Accept", "")
    if "application/json" in accept and "text/html" not in accept:
        return HttpResponse(json.dumps({"results": mails}) + "\n", content_type="application/json", headers=headers)
    page = render_to_string("chatapi/mailbox.html", {"mails": mails, "wanted": wanted})
    return HttpResponse(page, headers=headers)


def _is_called_by_name(request: HttpRequest) -> bool:
    """Whether the browser was asked for this machine, not for a page elsewhere whose name was pointed here since.

    An address cannot be pointed anywhere; names are those of this machine and of the configuration.
    """
    domain, _ = split_domain_port(request.get_host())
    configured = {*settings.ALLOWED_HOSTS, urlsplit(settings.PUBLIC_URL).hostname or ""} - {"*"}
    return is_address(domain.strip("[]")) or validate_host(domain, {"localhost", ".localhost", *configured})


def _folder() -> Path:
    folder: Path = settings.DATA_DIR / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _keep(mail: dict[str, Any]) -> None:
    folder = _folder()
    draft = folder / f"{uuid.uuid4().hex}.draft"
    draft.write_text(json.dumps(mail), encoding="utf-8")
    draft.rename(folder / f"{time.time_ns():020d}-{draft.stem}.json")
    for old in sorted(folder.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)


def _kept() -> Iterator[dict[str, str]]:
    for path in sorted(_folder().glob("*.json"), reverse=True):
        try:
            yield json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue  # another process has just removed it as too old


def _print(mail: dict[str, Any]) -> None:
    lines = [f"To: {mail['to']}", f"Subject: {mail['subject']}", "", *str(mail["text"]).splitlines()]
    frame = "-" * 72
    sys.stdout.write("\n".join(["", f"--- mail {frame[9:]}", *lines, frame, ""]))
    sys.stdout.flush()
