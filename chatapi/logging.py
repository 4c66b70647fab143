"""Log lines: one JSON object each in production, readable text in DEBUG; never a secret, never a forged line."""

import contextvars
import datetime as dt
import logging
import re
from typing import Any

from chatapi import json
from chatapi.times import rfc3339

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
"""The id of the request under way; socket consumers may set it too."""

REDACTED = "[redacted]"

# Quotes may be escaped: JSON inside of JSON.
_JWT = r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"
_BEARER = r"(?<=bearer )[^\s\"',]+"
_NAMED = (
    r"(?<![\w])((?:authorization|ticket|token|access|refresh|password|new_password|current_password|code|secret"
    r"|challenge|signature|api_key)\\*[\"']?\s*[=:]\s*\\*[\"']?)(?!bearer\s)[^\s\"'\\&,;}]+"
)
_SECRETS = re.compile(f"{_JWT}|{_BEARER}|{_NAMED}", re.IGNORECASE)
_OBEYED = r"\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
"""What a terminal or a viewer obeys or hides instead of showing it: C0 and C1 controls, marks that turn text around."""
_HIDDEN = re.compile(f"[{_OBEYED}]")
_LINE_BREAKS = re.compile(f"[\n{_OBEYED}]")
_QUERY = re.compile(r"\?\S*")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "request",
    "status_code",
    "color_message",
}


def redact(text: str) -> str:
    """The text with tokens, passwords and codes taken out."""
    return _SECRETS.sub(lambda match: f"{match[1] or ''}{REDACTED}", text)


class WithoutQuery(logging.Filter):
    """Cuts the query off every address that a server wants to log: it may hold a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_QUERY.sub("", given) if isinstance(given, str) else given for given in record.args)
        return True


class JsonFormatter(logging.Formatter):
    """`{"at", "level", "logger", "message", "request_id"?, ...extra, "traceback"?}`: JSON escapes line breaks."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": rfc3339(dt.datetime.fromtimestamp(record.created, dt.UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redact(_LINE_BREAKS.sub(_escaped, json.dumps(line)))


class TextFormatter(logging.Formatter):
    """For a terminal: time, level, message; line breaks inside a message are shown, not obeyed."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        message = _LINE_BREAKS.sub(_escaped, record.getMessage())
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        text = f"{at} {record.levelname:<7} {message}{_LINE_BREAKS.sub(_escaped, extra)}"
        if record.exc_info:
            traceback = _HIDDEN.sub(_escaped, self.formatException(record.exc_info))
            text = f"{text} request_id={request_id.get()}\n{traceback}"
        return redact(text)


def configuration(*, debug: bool, level: str) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error."""
    formatter = "chatapi.logging.TextFormatter" if debug else "chatapi.logging.JsonFormatter"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"without_query": {"()": "chatapi.logging.WithoutQuery"}},
        "formatters": {"line": {"()": formatter}},
        "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["terminal"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            # The access log already has every refused request.
            "django.request": {"level": "CRITICAL"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "django.server": {"handlers": [], "propagate": True},
            "daphne": {"level": "WARNING"},
            "django_tasks": {"level": "WARNING"},
            "django.channels.server": {"level": "WARNING"},
            # uvicorn sets up its own, with the whole address of every socket; these come after and replace them.
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.error": {"filters": ["without_query"]},
            "uvicorn.access": {"handlers": [], "propagate": True, "filters": ["without_query"], "level": "WARNING"},
        },
    }


def _escaped(match: re.Match[str]) -> str:
    """JSON's way to write a character, for those that JSON leaves alone and terminals obey."""
    return f"\\u{ord(match[0]):04x}"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str | int | float | bool | None) else str(value)
        for name, value in vars(record).items()
        if name not in _STANDARD
    }
