"""Every error has one shape, tells what to do, and tells nothing of the server's inside (S89, S96)."""

import re

import pytest

from chatapi.errors import PROBLEMS
from tests.chatapi.urls import SECRET

pytestmark = pytest.mark.urls("tests.chatapi.urls")

KINDS = [
    ("not-found", 404, "not_found"),
    ("denied", 403, "permission_denied"),
    ("suspicious", 400, "invalid_request"),
    ("parse", 400, "invalid_request"),
    ("unauthenticated", 401, "invalid_token"),
    ("throttled", 429, "rate_limited"),
    ("limited", 429, "rate_limited"),
    ("database", 503, "unavailable"),
    ("connection", 503, "unavailable"),
    ("redis", 503, "unavailable"),
    ("sql", 500, "server_error"),
    ("bug", 500, "server_error"),
]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("place", ["fault", "plain-fault"])
@pytest.mark.parametrize(("kind", "status", "code"), KINDS)
def test_every_error_is_a_problem(api, settings, debug, place, kind, status, code):
    settings.DEBUG = debug
    answer = api.get(f"/{place}/{kind}/")
    problem = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert problem["title"] == PROBLEMS[code].title
    assert problem["retry"] == PROBLEMS[code].retry
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text


def test_a_wait_is_told_twice_and_rounded_up_for_the_header(api):
    answer = api.get("/fault/limited/")
    assert answer.json()["retry_after_ms"] == 1_500
    assert answer.headers["Retry-After"] == "2"


def test_a_401_names_the_scheme(api):
    assert api.get("/fault/unauthenticated/").headers["WWW-Authenticate"] == "Bearer"


def test_the_traceback_of_a_bug_is_in_the_log_with_the_request_id(api, caplog):
    api.get("/fault/bug/", headers={"X-Request-ID": "look-for-me"})
    [record] = [one for one in caplog.records if one.name == "chatapi.errors"]
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("debug", [False, True])
def test_an_unknown_address_is_a_problem(api, settings, debug):
    settings.DEBUG = debug
    answer = api.get("/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("debug", [False, True])
def test_a_foreign_host_name_is_a_problem(api, settings, debug):
    settings.DEBUG, settings.ALLOWED_HOSTS = debug, ["chat.example.org"]
    answer = api.get("/healthz/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_host")
    assert answer.headers["X-Request-ID"]


def test_a_body_in_chunks_is_refused_rather_than_taken_for_an_empty_one(api):
    answer = api.post("/strict/", headers={"Transfer-Encoding": "chunked"}, CONTENT_LENGTH=None)
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(api):
    for path, allowed in (("/strict/", "POST, OPTIONS"), ("/healthz/", "GET, HEAD")):
        answer = api.delete(path)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND"])
def test_strange_methods_are_refused(api, method):
    assert api.generic(method, "/strict/").status_code == 405


def test_head_answers_like_get_without_a_body(api):
    answer = api.head("/api/v1/capabilities/")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_missing_slash_redirects_reading_and_explains_writing(api):
    answer = api.get("/api/v1/capabilities?limit=3")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/api/v1/capabilities/?limit=3")
    answer = api.send("{}", path="/strict")
    assert answer.status_code == 404
    assert "/strict/" in answer.json()["detail"]


def test_codes_are_stable_names():
    for code, problem in PROBLEMS.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", code)
        assert problem.retry in {"never", "after", "reauth"}
        assert 400 <= problem.status < 600
        assert (problem.__doc__ or "").strip()
