"""One socket's incoming side: what is taken, refused, and too much (F19, S73, S75)."""

import pytest

from chatapi.limits import limits
from chatapi.realtime import intake as module
from chatapi.realtime.intake import Intake, Verdict


@pytest.fixture
def now(monkeypatch):
    """Time that moves on demand."""

    class Clock:
        moment = 1_000.0

        def monotonic(self) -> float:
            return self.moment

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def verdicts(intake: Intake, frames: int) -> list[Verdict]:
    return [intake.admit(10) for _ in range(frames)]


def test_a_client_may_flush_what_it_queued(now):
    """100 queued messages pass at once (docs/sockets.md), and the burst is above that."""
    assert limits().frames_burst >= 100
    assert set(verdicts(Intake(), limits().frames_burst)) == {Verdict.TAKE}


def test_above_the_burst_the_rate_holds(now):
    intake = Intake()
    verdicts(intake, limits().frames_burst)
    assert intake.admit(10) is Verdict.REFUSE
    now.moment += intake.retry_after_ms / 1000
    assert intake.admit(10) is Verdict.TAKE
    assert intake.admit(10) is Verdict.REFUSE
    now.moment += 2
    assert verdicts(intake, 2 * limits().frames_per_second) == [Verdict.TAKE] * (2 * limits().frames_per_second)
    assert intake.admit(10) is Verdict.REFUSE


def test_a_flood_is_called_so(now):
    intake = Intake()
    verdicts(intake, limits().frames_burst)
    assert set(verdicts(intake, limits().frames_refused)) == {Verdict.REFUSE}
    assert intake.admit(10) is Verdict.FLOOD


def test_who_calms_down_is_forgiven(now):
    intake = Intake()
    verdicts(intake, limits().frames_burst + limits().frames_refused)
    now.moment += 60
    assert set(verdicts(intake, limits().frames_burst)) == {Verdict.TAKE}
    assert intake.admit(10) is Verdict.REFUSE


@pytest.mark.parametrize(("extra", "verdict"), [(-1, Verdict.TAKE), (0, Verdict.TAKE), (1, Verdict.TOO_LARGE)])
def test_the_size_of_a_frame(now, extra, verdict):
    assert Intake().admit(limits().frame_bytes + extra) is verdict


def test_a_large_frame_counts_several_times(now):
    """Once for every 16 KiB begun: bytes cost time, too."""
    intake = Intake()
    burst, size = limits().frames_burst, 512 * 1_024
    number = burst // 33
    assert {intake.admit(size) for _ in range(number)} == {Verdict.TAKE}
    assert intake.admit(size) is Verdict.REFUSE
    now.moment += intake.retry_after_ms / 1000
    assert intake.admit(size) is Verdict.TAKE


def test_bad_frames_are_counted_by_the_minute(now):
    intake = Intake()
    allowed = limits().bad_frames_per_minute
    assert not any(intake.bad() for _ in range(allowed))
    assert intake.bad()
    now.moment += 61
    assert not any(intake.bad() for _ in range(allowed))
