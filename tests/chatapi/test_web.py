"""The chat page: where it is, what it may do, and how to do without it."""

import re

import pytest
from django.test import AsyncClient, Client

from chatapi import web

ASSETS = sorted(
    path.relative_to(web.FOLDER).as_posix()
    for path in web.FOLDER.rglob("*")
    if path.suffix in {".html", ".js", ".css", ".svg"}
)

APP = (web.FOLDER / "app.js").read_bytes()


def policy_of(answer):
    return dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))


def test_the_page_may_load_nothing_from_elsewhere_and_nothing_inline(client):
    answer = client.get("/", headers={"Host": "chat.example.org"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    assert policy_of(answer) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self' ws://chat.example.org wss://chat.example.org",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_page_keeps_to_its_policy(client):
    text = client.get("/").content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\bstyle=|\son\w+=|https?://", text)


@pytest.mark.parametrize("path", ASSETS)
def test_no_file_of_it_asks_another_server_or_writes_markup(path):
    text = (web.FOLDER / path).read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)
    addresses = set(re.findall(r"https?://[\w.]+", text)) - {"http://www.w3.org"}
    assert addresses == set()


def test_only_in_development_it_leads_to_the_mailbox(client, settings):
    assert "/dev/mail/" not in client.get("/").content.decode()
    settings.DEBUG = True
    assert "/dev/mail/" in client.get("/").content.decode()


def test_its_files_and_the_client_are_served(client):
    for path, kind in {
        "/clients/web/app.js": "text/javascript",
        "/clients/web/styles/base.css": "text/css",
        "/clients/web/icons.svg": "image/svg+xml",
        "/clients/chatclient/index.js": "text/javascript",
    }.items():
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith(kind)
        assert answer["X-Content-Type-Options"] == "nosniff"
    assert client.get("/clients/web/../../manage.py").status_code == 404
    assert client.get("/clients/python/README.md").status_code == 404


@pytest.mark.parametrize("path", ["/", "/clients/web/app.js", "/clients/chatclient/index.js"])
def test_it_can_be_switched_off(settings, path):
    settings.WEB_CLIENT = False
    assert Client().get(path).status_code == 404


async def test_it_is_served_the_same_under_asgi():
    answer = await AsyncClient().get("/clients/web/app.js")
    assert answer.content == APP
