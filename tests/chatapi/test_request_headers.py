"""Headers that cannot be decoded are the client's mistake, on both servers (S82)."""

import io
from wsgiref.util import setup_testing_defaults

import pytest
from asgiref.testing import ApplicationCommunicator

HOSTILE = [
    "a/b; charset*=utf-8''%00",
    "a/b; x*=nope''%41",
    "application/json; charset=hex",
    "application/json; charset=nope",
    "; ; =;",
    "multipart/form-data; boundary*=nope''%41",
]


@pytest.fixture(autouse=True)
def development(settings, tmp_path):
    settings.DEBUG, settings.DATA_DIR = True, tmp_path


@pytest.mark.parametrize("value", HOSTILE)
def test_under_wsgi(value):
    from chatapi.wsgi import application

    environ = {"PATH_INFO": "/healthz/", "QUERY_STRING": "a=b", "CONTENT_TYPE": value, "wsgi.input": io.BytesIO()}
    setup_testing_defaults(environ)
    statuses = []
    list(application(environ, lambda status, headers: statuses.append(status)))
    assert statuses == ["200 OK"]


@pytest.mark.parametrize("value", HOSTILE)
async def test_under_asgi(value):
    from chatapi.asgi import application

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/healthz/",
        "query_string": b"a=b",
        "headers": [(b"host", b"localhost"), (b"content-type", value.encode())],
    }
    server = ApplicationCommunicator(application, scope)
    await server.send_input({"type": "http.request"})
    assert (await server.receive_output(5))["status"] == 200
    while (await server.receive_output(5)).get("more_body"):
        pass
    await server.wait()


def test_the_mailbox_reads_accept_without_trusting_it(client):
    for accept in ("text/html;q*=nope''%41", "application/json", "*/*"):
        assert client.get("/dev/mail/", headers={"accept": accept}).status_code == 200


def test_no_other_page_reads_the_mailbox(client):
    answer = client.get("/dev/mail/", headers={"origin": "null", "accept": "application/json"})
    assert "access-control-allow-origin" not in answer.headers
    assert client.get("/healthz/", headers={"origin": "null"}).headers["access-control-allow-origin"]
