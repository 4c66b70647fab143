"""What people get by mail: the wording of each kind is a text in `templates/accounts/mail/`, the page is made of it."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context
from django.template.loader import get_template, render_to_string

SUBJECTS = {
    "code": "Your code",
    "account_exists": "You already have an account",
    "session_reuse": "One of your devices was logged out",
    "email_changed": "The address of your account was changed",
    "email_confirmed": "The address of your account was changed",
    "email_restored": "Your account has its old address again",
    "address_wanted": "Somebody tried to use your address",
    "deletion_requested": "Your account will be deleted",
    "deletion_cancelled": "Your account is not deleted",
    "new_device": "A new login to your account",
    "mobile_changed": "The mobile number of your account was changed",
    "password_changed": "Your password was changed",
    "password_reset": "Your password was changed",
}
PURPOSES = {
    "register": "Use this code to finish your registration:",
    "login": "Use this code to log in:",
    "email": "Use this code to make this the address of your account:",
    "mobile": "Use this code to set your mobile number:",
    "delete": "Use this code to delete your account:",
    "reset": "Use this code to set a new password:",
}
"""The first line of a code's mail."""


def send(kind: str, *, to: str, **context: Any) -> None:
    """Sends one mail. Raises OSError (of which smtplib's errors are a kind) when the mail server refuses or is away.

    A code's mail holds no other digits that a reader, or a program, could take for the code.
    """
    text = _text(kind, context | {"site": settings.PUBLIC_URL, "deletion_days": settings.DELETION_DAYS})
    message = EmailMultiAlternatives(SUBJECTS[kind], text, to=[to])
    message.attach_alternative(_page(SUBJECTS[kind], text), "text/html")
    message.send()


def _text(kind: str, context: dict[str, Any]) -> str:
    """As it stands in the template: what people named themselves is no markup here and is not escaped."""
    template = get_template(f"accounts/mail/{kind}.txt").template  # type: ignore[attr-defined]
    return str(template.render(Context(context, autoescape=False)))


def _page(title: str, text: str) -> str:
    """The same words as HTML: what is indented is a code to copy, a line that is an address is a link."""
    parts = [part.strip("\n") for part in text.split("\n\n") if part.strip()]
    paragraphs = [
        {"text": part.strip(), "is_code": part.startswith("    "), "is_link": _is_link(part.strip())} for part in parts
    ]
    context = {"title": title, "paragraphs": paragraphs, "site": settings.PUBLIC_URL}
    return render_to_string("accounts/mail/page.html", context)


def _is_link(part: str) -> bool:
    """Only what leads to this server itself (S18)."""
    return part.startswith(settings.PUBLIC_URL) and not any(character.isspace() for character in part)
