"""Which pages may call: the six rows, the same for REST and sockets (F17, S25, S86)."""

import pytest

from chatapi.origins import fault_of, origin_allowed

APP = "https://app.example.org"
ROWS = [
    (APP, True),
    ("https://app.example.org:8443", False),  # another port
    ("http://app.example.org", False),  # another scheme
    ("https://app.example.org.evil.example", False),
    ("null", False),
    (None, True),  # native apps
    ("https://api.example.org", True),  # our own pages
    ("HTTPS://APP.EXAMPLE.ORG", False),
    ("", False),
    ("http://localhost:3000", False),
]


@pytest.fixture
def production(settings):
    settings.DEBUG, settings.CORS_ORIGINS, settings.PUBLIC_URL = False, [APP], "https://api.example.org/"
    settings.ALLOWED_HOSTS = ["testserver"]


@pytest.mark.parametrize(("origin", "allowed"), ROWS)
def test_whole_origins_are_compared(production, origin, allowed):
    assert origin_allowed(origin) is allowed


def test_callers_without_an_origin_can_be_refused(production, settings):
    settings.SOCKETS_WITHOUT_ORIGIN = False
    assert origin_allowed(None) is False


LOCAL = [
    "http://localhost:3000", "https://localhost", "http://127.0.0.1:5173", "http://[::1]:8080", "http://192.168.1.20:3000",
    "http://10.0.0.7", "http://laptop:3000", "http://laptop.local", "http://app.localhost:1234", "null", "capacitor://localhost",
]  # fmt: skip
FOREIGN = [
    "https://example.org",
    "http://8.8.8.8",
    "http://localhost.evil.example",
    "http://localhost@evil.example",
    "x",
    "*",
]


def test_debug_allows_every_page_of_this_machine_and_network(settings):
    settings.DEBUG = True
    assert [origin for origin in LOCAL if not origin_allowed(origin)] == []
    assert [origin for origin in FOREIGN if origin_allowed(origin)] == []


@pytest.mark.parametrize(("origin", "allowed"), [row for row in ROWS if row[0]])
def test_rest_answers_by_the_same_rule(production, api, origin, allowed):
    answer = api.get("/healthz/", headers={"Origin": origin})
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "origin" in answer.headers["Vary"]


def test_a_preflight_is_answered_without_the_view(production, api):
    answer = api.options(
        "/api/v1/accounts/me/",
        headers={
            "Origin": APP,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        },
    )
    assert answer.status_code == 200
    assert {"authorization", "content-type", "idempotency-key"} <= set(
        answer.headers["Access-Control-Allow-Headers"].split(", ")
    )
    assert {"PATCH", "PUT", "DELETE"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert answer.headers["Access-Control-Max-Age"] == "7200"


def test_a_page_may_read_what_it_needs_of_an_error_too(production, api):
    answer = api.get("/nowhere", headers={"Origin": APP})
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    exposed = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "Location", "Upload-Offset"} <= exposed


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000", "capacitor://localhost", "http://[::1]:3000"])
def test_these_entries_are_origins(origin):
    assert fault_of(origin) == ""


@pytest.mark.parametrize(
    "entry",
    ["app.example.org", "https://app.example.org/", "https://*.example.org", "https://App.example.org", "*", "null",
     "https://app.example.org:443", "http://app.example.org:80"],
)  # fmt: skip
def test_these_entries_are_mistakes(entry):
    assert fault_of(entry)
