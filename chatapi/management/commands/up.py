"""`manage.py up`: the whole server in one process, REST and sockets, for development and small installations."""

import errno
import os
import socket
from argparse import ArgumentParser
from typing import Any

from daphne.management.commands.runserver import get_default_application
from daphne.server import Server
from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

from chatapi.checks import refuse_unsafe
from chatapi.limits import limits
from chatapi.worker import start_worker_thread

PING_SECONDS = 15
PONG_SECONDS = 30
"""A socket whose peer has vanished is closed 45 seconds after its last sign of life, at the latest."""
NEVER = -1
ESCAPED_COLON = r"\:"


class Command(BaseCommand):
    """Migrates, starts and says where."""

    help = "Starts the server: REST, sockets and jobs in one process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on; 0.0.0.0 for the whole network.")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--demo", action="store_true", help="First make example people and rooms.")

    def handle(self, *args: Any, host: str, port: int, demo: bool, **options: Any) -> None:
        refuse_unsafe()
        _refuse_taken(host, port)
        if "PUBLIC_URL" not in os.environ:
            settings.PUBLIC_URL = f"http://localhost:{port}"  # before anything has made a link
        call_command("migrate", interactive=False, verbosity=0)
        if demo:
            call_command("demo", stdout=self.stdout)
        worker = start_worker_thread()
        self._announce(host, port)
        try:
            _server(host, port).run()
        finally:
            worker.stop()

    def _announce(self, host: str, port: int) -> None:
        base = f"http://{_in_url(host)}:{port}"
        lines = ["", f"Chat API {settings.VERSION} is starting. Stop it with Ctrl-C.", "", f"  API      {base}/api/v1/"]
        if settings.WEB_CLIENT:
            lines += [f"  Chat     {base}/"]
        if settings.DOCS:
            lines += [f"  Swagger  {base}/swagger/", f"  ReDoc    {base}/redoc/", f"  Sockets  {base}/asyncapi/"]
        if settings.DEBUG:
            lines += [f"  Mail     {base}/dev/mail/   (codes arrive here)"]
        self.stdout.write("\n".join([*lines, ""]))


def _server(host: str, port: int) -> Server:
    return Server(
        get_default_application(),
        endpoints=[f"tcp:port={port}:interface={host.replace(':', ESCAPED_COLON)}"],
        ping_interval=PING_SECONDS,
        ping_timeout=PONG_SECONDS,
        websocket_timeout=NEVER,
        websocket_max_message_size=limits().frame_bytes,
        websocket_max_frame_size=limits().frame_bytes,
        server_name="chatapi",
    )


def _refuse_taken(host: str, port: int) -> None:
    """Asks the system before the server does: daphne would only log it and go on without listening."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"Port {port} is taken. Choose another: --port {port + 1}") from error
        raise CommandError(f"Cannot listen on {host}, port {port}: {error.strerror}") from error


def _in_url(host: str) -> str:
    """The host as a browser on this machine writes it."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host
