"""The examples of the OpenAPI document are what calls really take and answer."""

import json
from copy import deepcopy

import pytest

from tests.contract import documents

WITHOUT = {"GET /api/v1/capabilities/"}
"""What is read from the running server instead."""


def calls():
    for path, methods in deepcopy(documents.rest_document())["paths"].items():
        for method, call in methods.items():
            yield f"{method.upper()} {path}", call


def examples(content):
    return [entry["value"] for entry in content.get("examples", {}).values()]


ANSWERS = [
    (name, status, content)
    for name, call in calls()
    for status, response in call["responses"].items()
    if status.startswith("2")
    for content in response.get("content", {}).values()
]
BODIES = [(name, call["requestBody"]["content"]["application/json"]) for name, call in calls() if "requestBody" in call]


@pytest.mark.parametrize(
    ("name", "status", "content"), ANSWERS, ids=[f"{name} {status}" for name, status, _ in ANSWERS]
)
def test_every_good_answer_has_examples_as_documented(name, status, content):
    method, _, path = name.partition(" ")
    shown = examples(content)
    assert bool(shown) == (name not in WITHOUT)
    for value in shown:
        documents.check_reply(
            method, path, int(status), {"Content-Type": "application/json"}, json.dumps(value).encode()
        )


@pytest.mark.parametrize(("name", "content"), BODIES, ids=[name for name, _ in BODIES])
def test_every_body_has_examples_as_documented(name, content):
    assert examples(content)
    for value in examples(content):
        documents.check_body(value, content["schema"], name)


def test_a_first_try_of_sending_can_be_repeated_from_the_page():
    """Without a `client_id`: Swagger fills in the first example, and a fixed one would make the next text a 409."""
    first, *others = examples(dict(BODIES)["POST /api/v1/conversations/{room_name}/messages/"])
    assert "client_id" not in first
    assert any("client_id" in other for other in others)
