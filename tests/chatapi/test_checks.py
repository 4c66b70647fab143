"""In production mode an unsafe server does not start, and says what to set (S24, S83)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from chatapi.checks import check_settings, refuse_unsafe

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "DEBUG": False,
    "SECRET_KEY": "a long key of many letters, 0123456789, not for use",
    "TOKEN_KEYS": [f"a:{'t' * 40}"],
    "ALLOWED_HOSTS": ["chat.example.org"],
    "RATE_LIMITS": True,
    "EMAIL_HOST": "mail.example.org",
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
}
UNSAFE = [
    ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY has fewer"),
    ({"TOKEN_KEYS": []}, "TOKEN_KEYS"),
    ({"TOKEN_KEYS": ["a:short"]}, "TOKEN_KEYS"),
    ({"ALLOWED_HOSTS": []}, "ALLOWED_HOSTS is empty"),
    ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS is *"),
    ({"RATE_LIMITS": False}, "RATE_LIMITS is off"),
    ({"CORS_ORIGINS": ["app.example.org"]}, "CORS_ORIGINS has 'app.example.org'"),
    ({"RATES": {"send": "often"}}, "RATE_SEND is 'often'"),
]


@pytest.fixture
def safe(settings):
    for name, value in SAFE.items():
        setattr(settings, name, value)
    return settings


def test_a_safe_configuration_starts(safe):
    refuse_unsafe()


@pytest.mark.parametrize(("change", "reason"), UNSAFE, ids=[reason for _, reason in UNSAFE])
def test_an_unsafe_one_does_not(safe, change, reason):
    for name, value in change.items():
        setattr(safe, name, value)
    with pytest.raises(ImproperlyConfigured, match=reason.replace("*", r"\*")):
        refuse_unsafe()


def test_what_may_be_meant_is_only_a_warning(safe):
    safe.EMAIL_HOST = ""
    safe.DATABASE = {"ENGINE": "django.db.backends.postgresql"}
    safe.REDIS_URL = ""
    assert {message.id for message in check_settings(None)} == {"chatapi.W002", "chatapi.W003"}
    refuse_unsafe()


def test_the_deployment_check_of_django_is_clean(safe):
    safe.DATABASE, safe.REDIS_URL = {"ENGINE": "django.db.backends.postgresql"}, "redis://127.0.0.1:1/0"
    call_command("check", "--deploy", "--fail-level", "WARNING", tags=["security"])


@pytest.mark.parametrize("server", ["chatapi.wsgi", "chatapi.asgi"])
def test_the_server_processes_themselves_refuse(tmp_path, server):
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "SECRET_KEY": "s" * 50, "TOKEN_KEYS": "a:b"}
    done = subprocess.run(
        [sys.executable, "-c", f"import {server}"],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 1
    assert "The server does not start:" in done.stderr
    assert "ALLOWED_HOSTS" in done.stderr
    assert "TOKEN_KEYS" in done.stderr
