"""Limits: atomic, honest about what is left, and not to be talked around (F24, F30, S71, S72, S96)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatapi.addresses import address_key, client_address
from chatapi.counters import MemoryCounter, RedisCounter, counter
from chatapi.errors import RateLimited
from chatapi.throttling import limit

pytestmark = pytest.mark.urls("tests.chatapi.urls")


@pytest.fixture
def rates(settings):
    settings.RATES = settings.RATES | {"anonymous": "5/minute", "send": "20/minute", "user": "1200/minute"}


def passes(number, key="alice"):
    passed = 0
    for _ in range(number):
        try:
            limit("send", key)
            passed += 1
        except RateLimited:
            pass
    return passed


def test_a_rate_is_kept_per_caller(rates):
    assert passes(25) == 20
    assert passes(25, key="bob") == 20


def test_a_call_may_cost_more_than_one(rates):
    limit("send", "alice", cost=20)
    with pytest.raises(RateLimited) as refusal:
        limit("send", "alice")
    assert 0 < refusal.value.retry_after_ms <= 60_000


def test_a_parallel_burst_never_passes_more_than_the_rate(rates):
    """S71; in the second test mode with the real Redis."""
    barrier = threading.Barrier(16)

    def burst(_):
        barrier.wait(timeout=10)
        return passes(10)

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(burst, range(16))) == 20


def test_headers_tell_what_is_left_and_when_to_come_back(api, rates):
    first = api.get("/api/v1/capabilities/").headers
    assert first["RateLimit"].startswith('"anonymous";r=4;t=')
    assert first["RateLimit-Policy"] == '"anonymous";q=5;w=60'
    for _ in range(4):
        api.get("/api/v1/capabilities/")
    refused = api.get("/api/v1/capabilities/")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert refused.headers["RateLimit"].startswith('"anonymous";r=0;t=')
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["retry_after_ms"] <= 60_000


def test_rates_can_be_switched_off_for_load_runs(rates, settings):
    settings.RATE_LIMITS = False
    assert passes(100) == 100


def test_the_defaults_let_a_client_flush_a_hundred_messages(settings):
    assert passes(100) == 100


def test_the_defaults_let_a_class_of_thirty_begin_from_one_address(api):
    """Register, verify, who am I, a first room: at most five anonymous calls each."""
    assert {api.get("/api/v1/capabilities/").status_code for _ in range(150)} == {200}


@pytest.mark.parametrize("proxies", [0, 1])
def test_rotating_forwarded_addresses_changes_nothing(api, rates, settings, proxies):
    """F30: eight requests, each with another header; a proxy of ours appends the address it saw."""
    settings.TRUSTED_PROXIES = proxies
    suffix = ", 203.0.113.9" if proxies else ""
    codes = [
        api.get("/api/v1/capabilities/", headers={"X-Forwarded-For": f"198.51.100.{n}{suffix}"}).status_code
        for n in range(8)
    ]
    assert codes == [200] * 5 + [429] * 3


FORWARDED = [  # trusted proxies, header, peer, believed
    (0, "198.51.100.1", "192.0.2.1", "192.0.2.1"),
    (1, "198.51.100.1", "192.0.2.1", "198.51.100.1"),
    (1, "evil, 198.51.100.1", "192.0.2.1", "198.51.100.1"),
    (2, "10.9.9.9, 198.51.100.1, 192.0.2.7", "192.0.2.1", "198.51.100.1"),
    (1, "", "192.0.2.1", "192.0.2.1"),
    (3, "198.51.100.1", "192.0.2.1", "198.51.100.1"),
    (1, "198.51.100.1:4711", "192.0.2.1", "198.51.100.1"),
    (1, "[2001:db8::1]:4711", "192.0.2.1", "2001:db8::1"),
    (1, "not an address", "192.0.2.1", "192.0.2.1"),
    (1, "198.51.100.1", "", "198.51.100.1"),  # a server behind a local socket knows no peer
    (0, "", "", "0.0.0.0"),
    (0, "", "::ffff:192.0.2.1", "192.0.2.1"),
]


@pytest.mark.parametrize(("proxies", "header", "peer", "believed"), FORWARDED)
def test_only_our_own_proxies_are_believed(rf, settings, proxies, header, peer, believed):
    """F24, S72: the same for requests and for sockets."""
    settings.TRUSTED_PROXIES = proxies
    assert client_address(rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=header)) == believed
    scope = {"client": (peer, 1) if peer else None, "headers": [(b"x-forwarded-for", header.encode())]}
    assert client_address(scope) == believed


def test_an_ipv6_subscriber_is_one_caller():
    assert address_key("2001:db8:1:2:aaaa::1") == address_key("2001:db8:1:2::ffff")
    assert address_key("2001:db8:1:2::1") != address_key("2001:db8:1:3::1")
    assert address_key("192.0.2.1") == "192.0.2.1"


def test_limits_hold_in_memory_while_redis_is_away():
    """S96: nothing listens on port 1. Redis is asked again only after a pause."""
    away = RedisCounter("redis://127.0.0.1:1/0")
    assert [away.add("k", 1, seconds=60) for _ in range(3)] == [1, 2, 3]


def test_memory_forgets_what_is_over(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("chatapi.counters.time.monotonic", lambda: now[0])
    memory = MemoryCounter()
    assert [memory.add("k", 1, seconds=60) for _ in range(3)] == [1, 2, 3]
    now[0] += 61
    assert memory.add("k", 1, seconds=60) == 1
    for number in range(5_000):
        now[0] += 1
        memory.add(f"k{number}", 1, seconds=60)
    assert len(memory._sums) < 5_000


def test_the_counter_is_redis_where_there_is_one(settings):
    assert isinstance(counter(), RedisCounter if settings.REDIS_URL else MemoryCounter)
