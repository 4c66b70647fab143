"""What machines ask: alive, ready, counted; and what clients ask: capabilities (S88)."""

import pytest
from django.db import connection
from django.db.utils import OperationalError

from chatapi import health
from chatapi.limits import limits


def test_alive_needs_no_database(api):
    """Without the database mark any query would fail the test."""
    assert api.get("/healthz/").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_with_everything_in_place(api):
    assert api.get("/readyz/").json() == {"status": "ok"}


@pytest.mark.django_db
def test_a_database_that_is_away_is_named(api, monkeypatch):
    def away(*args):
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", away)
    monkeypatch.setattr(connection, "close", lambda: None)
    answer = api.get("/readyz/")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["database"])
    assert answer.headers["Retry-After"]


@pytest.mark.django_db
def test_a_redis_that_is_away_is_named(api, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = api.get("/readyz/")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["redis"])


@pytest.mark.django_db
def test_migrations_that_wait_are_named(api, monkeypatch):
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *args: ["0002"])
    assert api.get("/readyz/").json()["missing"] == ["migrations"]


def test_metrics_are_for_private_networks(api):
    answer = api.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "chatapi_http_requests_total" in answer.text


@pytest.mark.parametrize("hidden", ["/metrics", "/dev/mail/"])
@pytest.mark.parametrize(
    "caller", [{"REMOTE_ADDR": "8.8.8.8"}, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "8.8.8.8"}]
)
def test_strangers_do_not_learn_of_them(api, hidden, caller):
    """The second caller is a proxy that nobody told the server about."""
    answer = api.get(hidden, **caller)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_token_opens_metrics_from_elsewhere(api, settings):
    settings.METRICS_TOKEN = "m" * 32
    elsewhere = {"REMOTE_ADDR": "8.8.8.8"}
    assert api.get("/metrics", headers={"Authorization": "Bearer " + "m" * 32}, **elsewhere).status_code == 200
    for wrong in ("Bearer m", "", "Bearer ä"):
        assert api.get("/metrics", headers={"Authorization": wrong}, **elsewhere).status_code == 404


def test_capabilities_are_the_limits_in_force(api, settings):
    told = api.get("/api/v1/capabilities/").json()
    assert told["version"] == settings.VERSION
    assert told["limits"] == limits().as_json() | {"body_bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    assert told["rates"]["user"] == {"quota": 1200, "seconds": 60}
    assert set(told["rates"]) == set(settings.RATES)
    assert told["tokens"]["access_seconds"] == settings.ACCESS_TOKEN_SECONDS
    assert told["features"]["docs"] is True
