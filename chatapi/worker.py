"""Runs the jobs that wait in the database: in a thread of the embedded server, or in a process of its own.

In production: `manage.py worker`, as many as wanted; each job is claimed by one of them. (The library's own
`manage.py db_worker` runs jobs too, but neither takes up those of a killed worker nor does the hourly cleaning.)
"""

import atexit
import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.module_loading import import_string
from django_tasks import DEFAULT_TASK_BACKEND_ALIAS, TaskResultStatus
from django_tasks.base import Task
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from chatapi.transactions import write_transaction

logger = logging.getLogger("chatapi.worker")

POLL_SECONDS = 0.1
PAUSE_AFTER_ERROR_SECONDS = 2.0
SWEEP_SECONDS = 60.0
HOUR_SECONDS = 3600.0
STOP_SECONDS = 5.0
LOST_AFTER = dt.timedelta(minutes=10)
"""A job that runs for longer is taken for one whose worker was killed, and runs again: jobs are safe to repeat."""
KEEP_SUCCESSFUL = dt.timedelta(hours=1)
KEEP_FAILED = dt.timedelta(days=7)
RETRY_SECONDS = (5, 30, 120, 600)
"""The waits between a job's tries; after the last one it has failed."""


def start_worker_thread() -> "WorkerThread":
    """A worker thread in this process; it ends with the process, or at `stop`."""
    thread = WorkerThread()
    thread.start()
    atexit.register(thread.stop)
    return thread


class WorkerThread(threading.Thread):
    """Works until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(name="worker", daemon=True)
        self._stop_asked = threading.Event()

    def run(self) -> None:
        work(self._stop_asked)

    def stop(self) -> None:
        """Lets the job under way finish, for a few seconds."""
        self._stop_asked.set()
        self.join(STOP_SECONDS)


def work(stop: threading.Event) -> None:
    """Runs jobs until `stop` is set. An error, such as a database that is away, is logged and survived."""
    chores = [_Chore(requeue_lost_jobs, SWEEP_SECONDS), _Chore(do_hourly_jobs, HOUR_SECONDS)]
    try:
        while not stop.is_set():
            stop.wait(_step(chores))
    finally:
        connections.close_all()


def run_next_job() -> bool:
    """Runs the job that has waited longest, if there is one; whether there was."""
    ready = DBTaskResult.objects.ready()
    if not ready.exists():  # before the transaction, whose lock would hold up SQLite's writers for nothing
        return False
    worker = _library_worker()
    with write_transaction():
        job = ready.get_locked()
        if job is not None:
            job.claim(worker.worker_id)
    if job is not None:
        worker.run_task(job)
    return job is not None


def _library_worker() -> Worker:
    """The library's worker, for what it does with one job; its own loop closes connections that we keep."""
    return Worker(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=0,
        batch=True,
        backend_name=DEFAULT_TASK_BACKEND_ALIAS,
        startup_delay=False,
        max_tasks=1,
        worker_id=get_random_string(32),
    )


def requeue_lost_jobs() -> None:
    """Makes the jobs of killed workers ready again; the library never does."""
    lost = DBTaskResult.objects.running().filter(started_at__lt=timezone.now() - LOST_AFTER)
    lost.update(status=TaskResultStatus.READY)


def do_hourly_jobs() -> None:
    """Forgets finished jobs and calls each function of settings.HOURLY_JOBS."""
    now = timezone.now()
    DBTaskResult.objects.successful().filter(finished_at__lt=now - KEEP_SUCCESSFUL).delete()
    DBTaskResult.objects.failed().filter(finished_at__lt=now - KEEP_FAILED).delete()
    for path in settings.HOURLY_JOBS:
        import_string(path)()


@contextmanager
def retried(job: Task[Any, Any], attempt: int, **arguments: Any) -> Iterator[None]:
    """The body of a job that is tried again, later and later, when something outside of us (OSError) fails."""
    try:
        yield
    except OSError as error:
        if attempt > len(RETRY_SECONDS):
            raise
        wait = RETRY_SECONDS[attempt - 1]
        logger.warning("%s failed with %s and is tried again in %s s", job.name, type(error).__name__, wait)
        later = timezone.now() + dt.timedelta(seconds=wait)
        job.using(run_after=later).enqueue(**arguments, attempt=attempt + 1)


class _Chore:
    """Something that is due every so many seconds, the first time at once."""

    def __init__(self, function: Any, seconds: float) -> None:
        self._function = function
        self._seconds = seconds
        self._due = time.monotonic()

    def do_if_due(self) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._seconds
            self._function()


def _step(chores: list[_Chore]) -> float:
    """One round; how long to wait until the next."""
    try:
        for chore in chores:
            chore.do_if_due()
        return 0.0 if run_next_job() else POLL_SECONDS
    except Exception:
        logger.exception("The worker met an error and goes on")
        close_old_connections()
        return PAUSE_AFTER_ERROR_SECONDS
