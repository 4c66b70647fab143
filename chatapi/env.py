"""Typed readers of environment variables: a wrong value stops the start with a reason, never silently."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """The variable as text; `NAME_FILE` names a file that holds it (container secrets)."""
    file_name = os.environ.get(f"{name}_FILE")
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}") from error
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool) -> bool:
    """`1/true/yes/on` or `0/false/no/off`."""
    value = os.environ.get(name)
    if value is None:
        return default
    word = value.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")


def number(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number not below `minimum`."""
    value = text(name)
    if not value:
        return default
    if not value.isdecimal() or int(value) < minimum:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {minimum}, not {value!r}")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A comma separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(name: str, default: str) -> dict[str, object]:
    """A Django database entry from `sqlite:///path` or `postgres://user:password@host:port/name`."""
    url = urlsplit(text(name) or default)
    if url.scheme == "sqlite" and url.query:
        raise ImproperlyConfigured(f"{name}: a SQLite database takes no options")
    if url.scheme == "sqlite":
        path = unquote(url.path)
        if not path.strip("/"):
            raise ImproperlyConfigured(f"{name} names no file: use sqlite:///relative/path or sqlite:////absolute/path")
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": path[1:]}
    if url.scheme in {"postgres", "postgresql"}:
        if not url.path.strip("/"):
            raise ImproperlyConfigured(f"{name} names no database: use postgres://user:password@host:port/name")
        return {
            "OPTIONS": _libpq_options(name, url.query),
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path[1:]),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": str(url.port or ""),
        }
    raise ImproperlyConfigured(f"{name} must start with sqlite:// or postgres://")


_LIBPQ_OPTIONS = {"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding", "target_session_attrs"}


def _libpq_options(name: str, query: str) -> dict[str, object]:
    """`?sslmode=verify-full&...`: an unknown one must not be dropped, with it may go a certificate check."""
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = options.keys() - _LIBPQ_OPTIONS
    if unknown:
        raise ImproperlyConfigured(f"{name} does not take: {', '.join(sorted(unknown))}")
    return dict(options)


def redis(name: str) -> str:
    """A `redis://` or `rediss://` URL, or nothing."""
    value = text(name)
    if value and urlsplit(value).scheme not in {"redis", "rediss"}:
        raise ImproperlyConfigured(f"{name} must start with redis:// or rediss://")
    return value
