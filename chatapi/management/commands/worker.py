"""`manage.py worker`: runs the waiting jobs until it is told to stop."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from chatapi.worker import work


class Command(BaseCommand):
    """One worker process."""

    help = "Runs the jobs that wait in the database (mail and cleaning) until SIGTERM or Ctrl+C."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        work(stop)
