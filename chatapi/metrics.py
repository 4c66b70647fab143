"""What this process counts about itself, for Prometheus. Labels are few and fixed: no users, rooms or addresses."""

import os

from prometheus_client import REGISTRY as PROCESS
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, multiprocess

http_requests_total = Counter("chatapi_http_requests", "HTTP requests by class of status.", ["status"])
messages_sent_total = Counter("chatapi_messages_sent", "Messages that were committed.")
published_total = Counter("chatapi_published", "Events handed to the bus.")
publish_failed_total = Counter("chatapi_publish_failed", "Events that the bus did not take; sockets repair them.")
hub_repairs_total = Counter("chatapi_hub_repairs", "Holes that a hub filled from the database.")
sockets_open = Gauge("chatapi_sockets_open", "Open sockets.", multiprocess_mode="livesum")
socket_closed_total = Counter("chatapi_socket_closed", "Closed sockets by close code.", ["code"])


def render() -> bytes:
    """All metrics in Prometheus' text format; of all workers together where PROMETHEUS_MULTIPROC_DIR is set."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(PROCESS)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
