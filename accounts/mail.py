"""What people get by mail: a text and an HTML page per kind, from `templates/accounts/mail/`."""

from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

SUBJECTS = {
    "code": "Your code",
    "account_exists": "You already have an account",
    "session_reuse": "One of your devices was logged out",
}


def send(kind: str, *, to: str, **context: Any) -> None:
    """Sends one mail. Raises OSError (of which smtplib's errors are a kind) when the mail server refuses or is away.

    A code's mail holds no other digits that a reader, or a program, could take for the code.
    """
    text = render_to_string(f"accounts/mail/{kind}.txt", context)
    message = EmailMultiAlternatives(SUBJECTS[kind], text, to=[to])
    message.attach_alternative(render_to_string(f"accounts/mail/{kind}.html", context), "text/html")
    message.send()
