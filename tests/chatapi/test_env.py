"""Addresses of databases: what is not understood stops the start."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatapi import env


def test_the_options_of_a_managed_postgresql_are_kept(monkeypatch):
    monkeypatch.setenv(
        "WHERE", "postgres://chat:p%40ss@db.example.org:6432/chat?sslmode=verify-full&sslrootcert=/ca.pem"
    )
    entry = env.database("WHERE", "")
    assert (entry["PASSWORD"], entry["HOST"], entry["PORT"]) == ("p@ss", "db.example.org", "6432")
    assert entry["OPTIONS"] == {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}


@pytest.mark.parametrize(
    "address",
    [
        "postgres://chat@localhost/chat?sslmod=verify-full",
        "postgres://localhost/",
        "sqlite:///chat.sqlite3?mode=ro",
        "sqlite://",
        "mysql://localhost/chat",
    ],
)
def test_what_is_not_understood_is_refused(monkeypatch, address):
    monkeypatch.setenv("WHERE", address)
    with pytest.raises(ImproperlyConfigured, match="WHERE"):
        env.database("WHERE", "")
