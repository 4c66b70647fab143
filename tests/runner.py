"""`python3 manage.py test [--mode sqlite|postgres|both] [pytest's arguments]`: the whole suite, once per mode.

sqlite is the embedded default (SQLite, everything else in memory); postgres is production's pair, a real PostgreSQL
and a real Redis: those that TEST_DATABASE_URL and TEST_REDIS_URL name (their contents are the tests' to change),
else our own (servers.py). Everything happens in one temporary folder, removed at the end.
"""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn
from xml.etree import ElementTree

from tests.programs import ServerError
from tests.servers import postgres_server, postgres_version, redis_server, redis_version

ROOT = Path(__file__).resolve().parent.parent
MODES = ("sqlite", "postgres")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py test", description=__doc__, allow_abbrev=False)
    parser.add_argument("--mode", choices=[*MODES, "both"], default="both")
    options, pytest_arguments = parser.parse_known_args(argv[2:])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it starts with `&`
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    total: Counter[str] = Counter()
    codes = []
    try:
        for mode in MODES if options.mode == "both" else [options.mode]:
            with temporary_folder() as folder:
                code, counts = run_mode(mode, folder, pytest_arguments)
            codes.append(code)
            total += counts
    except ServerError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    print(summary(total))
    failed = any(codes) or not total["passed"] + total["failed"]
    return 1 if failed else 0


def leave(number: int, _frame: FrameType | None) -> NoReturn:
    """Unwind, so that every server and folder is cleared away."""
    sys.exit(128 + number)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chat-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # servers that tests start in it run as another account
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
        yield folder


def run_mode(mode: str, folder: Path, pytest_arguments: list[str]) -> tuple[int, Counter[str]]:
    started = time.monotonic()
    environment = base_environment(folder)
    if mode == "sqlite":
        print("== sqlite: SQLite and memory", flush=True)
        code = pytest(environment, folder, pytest_arguments)
    else:
        with database_url() as database, redis_url() as redis:
            code = pytest(environment | {"DATABASE_URL": database, "REDIS_URL": redis}, folder, pytest_arguments)
    print(f"== {mode}: {time.monotonic() - started:.0f} s\n", flush=True)
    return code, count(folder / "report.xml", code)


def base_environment(folder: Path) -> dict[str, str]:
    """The caller's environment without what would steer the application, and with every writer sent to the folder."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    places = {name: str(folder / "tmp") for name in ("TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    places |= {"DATA_DIR": str(folder / "data"), "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")}
    return kept | places | {"DEBUG": "1", "DATABASE_URL": f"sqlite:///{folder / 'chat.sqlite3'}"}


def pytest(environment: dict[str, str], folder: Path, arguments: list[str]) -> int:
    line = [sys.executable, "-m", "pytest", f"--junitxml={folder / 'report.xml'}", *arguments]
    process = subprocess.Popen(line, cwd=ROOT, env=environment, preexec_fn=end_with_parent)  # noqa: PLW1509 - no threads
    try:
        return process.wait()
    except KeyboardInterrupt:  # Ctrl-C in a terminal reached pytest too
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        raise
    finally:
        end(process)


def end_with_parent() -> None:
    """Linux ends pytest when this process is killed; the servers' leashes do the same everywhere."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def end(process: subprocess.Popen[bytes]) -> None:
    """Let an interrupted pytest run its fixtures' clean-up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)


@contextmanager
def database_url() -> Iterator[str]:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        print(f"== postgres: {postgres_version(given)} of TEST_DATABASE_URL", flush=True)
        yield given
        return
    with postgres_server() as server:
        print(f"== postgres: {server.version} from {server.source}", flush=True)
        yield server.url


@contextmanager
def redis_url() -> Iterator[str]:
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        print(f"== postgres: {redis_version(given)} of TEST_REDIS_URL", flush=True)
        yield given
        return
    with redis_server() as server:
        print(f"== postgres: {server.version} from {server.source}", flush=True)
        yield server.url


def count(report: Path, code: int) -> Counter[str]:
    """What pytest says about itself; a run that died without a word is one failure."""
    if not report.is_file():
        return Counter(failed=1 if code else 0)
    counts: Counter[str] = Counter()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        counts += Counter(failed=failed, skipped=skipped, passed=int(suite.get("tests", 0)) - failed - skipped)
    return counts


def summary(total: Counter[str]) -> str:
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    return f"{total['passed']} passed, {total['failed']} failed{skipped}"
