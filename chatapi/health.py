"""For machines that watch this one: is the process alive, can it serve, what has it counted."""

import hmac

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from chatapi import json, metrics
from chatapi.addresses import is_from_private_network
from chatapi.errors import Unavailable

REDIS_TIMEOUT_SECONDS = 1.0
RETRY_MS = 5_000


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return _ok()


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Database and Redis answer and every migration has been applied. Raises Unavailable naming what is missing."""
    missing = [name for name, fault in (("database", _database_fault()), ("redis", _redis_fault())) if fault]
    if not missing and _has_pending_migrations():
        missing = ["migrations"]
    if missing:
        raise Unavailable(detail=f"Not ready: {', '.join(missing)}.", retry_after_ms=RETRY_MS, missing=missing)
    return _ok()


@require_safe
def counted(request: HttpRequest) -> HttpResponse:
    """Prometheus' text, for private networks and for bearers of METRICS_TOKEN; nobody else learns that it exists."""
    if not (is_from_private_network(request) or _has_metrics_token(request)):
        raise Http404
    return HttpResponse(metrics.render(), content_type=CONTENT_TYPE_LATEST)


def _ok() -> HttpResponse:
    return HttpResponse(json.body({"status": "ok"}), content_type="application/json")


def _database_fault() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return True
    return False


def _redis_fault() -> bool:
    if not settings.REDIS_URL:
        return False
    client = Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        client.ping()
    except RedisError:
        return True
    finally:
        client.close()
    return False


def _has_pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _has_metrics_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
