"""The queue, its worker, and what is forgotten when."""

import datetime as dt
import re
import threading
import time
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from accounts import jobs
from accounts.models import Challenge, Registration, Session, WsTicket
from chatapi import worker
from tests.accounts.conftest import run_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken_mail(monkeypatch):
    def refuse(*args, **kwargs):
        raise SMTPServerDisconnected

    monkeypatch.setattr("accounts.mail.send", refuse)


@pytest.mark.django_db(transaction=True)
def test_a_worker_thread_mails_the_code_at_once(api):
    """The real queue, worker and thread: well within a second."""
    thread = worker.start_worker_thread()
    try:
        api.register("alice")
        deadline = time.monotonic() + 5
        while not mail.outbox and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(mail.outbox) == 1
    finally:
        thread.stop()
    assert not thread.is_alive()


def test_a_job_is_queued_with_what_wants_it_or_not_at_all(api, monkeypatch):
    """The job is a row of the same transaction: a rollback takes it along."""
    monkeypatch.setattr("accounts.jobs.send_code", None)
    assert api.register("alice").status_code == 500
    assert not Challenge.objects.exists()
    assert not DBTaskResult.objects.exists()


def test_mail_is_tried_five_times_later_and_later(api, clock, broken_mail):
    """N13: the mail server is away."""
    api.register("alice")
    Challenge.objects.update(expires_at=clock.moment + dt.timedelta(hours=1))
    waits = []
    for _ in range(9):
        run_jobs()
        waiting = DBTaskResult.objects.filter(status=TaskResultStatus.READY).first()
        if waiting is None:
            break
        waits.append(round((waiting.run_after - clock.moment).total_seconds()))
        clock.forward(seconds=waits[-1])
    assert waits == [5, 30, 120, 600]
    assert DBTaskResult.objects.filter(status=TaskResultStatus.FAILED).count() == 1


def test_a_code_arrives_when_the_mail_server_is_back(api, clock, monkeypatch, broken_mail):
    challenge = api.register("alice").json()["challenge"]
    run_jobs()
    monkeypatch.undo()
    monkeypatch.setattr("django.utils.timezone.now", lambda: clock.moment)
    clock.forward(seconds=5)
    run_jobs()
    code = re.search(r"\b\d{6}\b", mail.outbox[0].body).group()
    assert api.verify(challenge, code).status_code == 200


def test_the_job_of_a_killed_worker_runs_again(api, clock):
    """N1: claimed, then nothing more was heard."""
    api.register("alice")
    DBTaskResult.objects.get().claim("a worker that is gone")
    run_jobs()
    assert not mail.outbox
    clock.forward(minutes=11)
    worker.requeue_lost_jobs()
    Challenge.objects.update(expires_at=clock.moment + dt.timedelta(minutes=1))
    run_jobs()
    assert len(mail.outbox) == 1


def test_an_error_does_not_stop_the_worker(api, monkeypatch):
    stop, rounds = threading.Event(), []

    def fail():
        rounds.append(1)
        if len(rounds) == 3:
            stop.set()
        raise RuntimeError

    monkeypatch.setattr(worker, "PAUSE_AFTER_ERROR_SECONDS", 0.01)
    monkeypatch.setattr(worker, "requeue_lost_jobs", lambda: None)
    monkeypatch.setattr(worker, "do_hourly_jobs", lambda: None)
    monkeypatch.setattr(worker, "run_next_job", fail)
    monkeypatch.setattr(worker.connections, "close_all", lambda: None)
    worker.work(stop)
    assert len(rounds) == 3


def test_what_is_over_is_forgotten(api, alice, clock):
    """S99: at its time, and not before."""
    api.log_in("alice")
    api.register("bob")
    alice.client.post("accounts/ws-ticket/")
    run_jobs()
    clock.forward(hours=1)
    worker.do_hourly_jobs()
    assert Challenge.objects.count() == 3
    assert Registration.objects.count() == 2
    assert not WsTicket.objects.exists()
    clock.forward(hours=3)
    worker.do_hourly_jobs()
    assert not Challenge.objects.exists()
    assert not Registration.objects.exists()
    assert not DBTaskResult.objects.exists()
    clock.forward(days=43)
    jobs.prune()
    assert Session.objects.exists()
    clock.forward(days=2)
    jobs.prune()
    assert not Session.objects.exists()
