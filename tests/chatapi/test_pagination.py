"""Lists in pages: nothing skipped, nothing twice, no silent cut (S79)."""

import base64

import pytest
from django_tasks_db.models import DBTaskResult

from chatapi.times import now

pytestmark = [pytest.mark.urls("tests.chatapi.urls"), pytest.mark.django_db]


@pytest.fixture
def rows():
    return DBTaskResult.objects.bulk_create(
        DBTaskResult(
            priority=number % 90, task_path="x", queue_name="q", backend_name="b", args_kwargs={}, run_after=now()
        )
        for number in range(120)
    )


def walk(api, path, link):
    seen = []
    while path:
        page = api.get(path).json()
        seen.append([row["priority"] for row in page["results"]])
        path = page[link]
    return seen, path


def test_following_next_gives_every_row_once_and_ends(api, rows):
    pages, _ = walk(api, "/rows/?limit=7", "next")
    priorities = [priority for page in pages for priority in page]
    assert priorities == sorted(row.priority for row in rows)


def test_previous_leads_back(api, rows):
    second = api.get(api.get("/rows/?limit=7").json()["next"]).json()
    assert api.get(second["previous"]).json()["results"] == api.get("/rows/?limit=7").json()["results"]


def test_links_are_paths_and_keep_the_limit(api, rows):
    page = api.get("/rows/?limit=7").json()
    assert set(page) == {"results", "next", "previous"}
    assert page["next"].startswith("/rows/?")
    assert "limit=7" in page["next"]
    assert page["previous"] is None


@pytest.mark.parametrize(("query", "length"), [("", 50), ("?limit=1", 1), ("?limit=200", 120)])
def test_the_limit_is_what_was_asked_for(api, rows, query, length):
    assert len(api.get(f"/rows/{query}").json()["results"]) == length


@pytest.mark.parametrize("limit", ["0", "201", "-1", "abc", "", "1.5", "1e2", "²", "9" * 5_000])
def test_other_limits_are_errors_not_silent_cuts(api, limit):
    answer = api.get("/rows/", {"limit": limit})
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["errors"][0]["field"]) == ("invalid_input", "limit")


def cursor(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "wrong", ["", "x", "ä", "%00", cursor("p=abc"), cursor("o=-1"), cursor("o=x"), cursor("r=x"), cursor("p=\0"),
              cursor("p=" + "9" * 400), cursor("o=" + "9" * 5_000)]
)  # fmt: skip
def test_made_up_cursors_never_break_anything(api, rows, wrong):
    answer = api.get("/rows/", {"cursor": wrong})
    assert answer.status_code in {200, 400}
    assert answer.status_code == 200 or answer.json()["code"] == "invalid_cursor"


def test_a_made_up_position_is_an_invalid_cursor(api, rows):
    assert api.get("/rows/", {"cursor": cursor("p=abc")}).json()["code"] == "invalid_cursor"
