"""`python3 manage.py faults`: stage B. People talk for half an hour while everything breaks, and a report is written.

It starts a PostgreSQL, a Redis and all processes of its own, on ports of its own; several may run side by side.
"""

import argparse
import asyncio
import gc
import logging
import random
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.faults import catalogue
from tests.faults.checkers import described, violations
from tests.faults.figures import figures
from tests.faults.limits import EXPERIMENTS
from tests.faults.nemesis import Nemesis
from tests.faults.report import FaultsReport, LimitsReport, facts_of
from tests.faults.run import Plan, Run
from tests.faults.site import FaultSite
from tests.faults.world import LARGE, SMALL, Size
from tests.runner import leave

SERVERS = {"daphne": ("daphne", "daphne"), "uvicorn": ("uvicorn", "uvicorn"), "mixed": ("daphne", "uvicorn")}
FAULT_EVERY, SOAK_FAULT_EVERY = 22.0, 120.0
SENDS_PER_MINUTE, SOAK_SENDS_PER_MINUTE = 2_050.0, 600.0

logger = logging.getLogger("tests.faults")


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    gc.set_threshold(50_000, 20, 50)  # histories are long lists of small things that stay
    with tempfile.TemporaryDirectory(prefix="chat-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another account
        with FaultSite(folder, SERVERS[options.server], {}, options.seed) as site:
            report = asyncio.run(measure(site, options) if options.limits else run(site, options))
            if options.logs:
                keep_logs(site, options.logs)
    if options.report:
        report.write(options.report)
    print(report.verdict if options.report else report.markdown())
    return 0 if report.held else 1


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py faults", description=__doc__, allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--server", choices=SERVERS, default="daphne", help="who serves the sockets, in both processes")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1_000_000))
    parser.add_argument("--sends", type=int, help="messages in all; 60,000 in half an hour if nothing is said")
    parser.add_argument("--report", type=Path, help="a Markdown file; the same as JSON is written beside it")
    parser.add_argument("--history", type=Path, help="where the whole history goes, as packed lines of JSON")
    parser.add_argument("--logs", type=Path, help="a folder for the servers' logs")
    parser.add_argument("--soak", action="store_true", help="fewer messages and a fault each two minutes, for hours")
    parser.add_argument("--limits", action="store_true", help="instead: experiments on one subject each, with figures")
    parser.add_argument("--small", action="store_true", help="8 people in 4 rooms instead of 40 in 20")
    parser.add_argument("--every", type=float, help="seconds from one fault to the next")
    parser.add_argument("--only", default="", help="only faults, or experiments, whose name contains this")
    given = argv[2:] if argv and argv[1:2] == ["faults"] else argv
    return parser.parse_args(given)


async def run(site: FaultSite, options: argparse.Namespace) -> FaultsReport:
    seconds = options.minutes * 60
    size: Size = SMALL if options.small else LARGE
    rate = SOAK_SENDS_PER_MINUTE if options.soak else SENDS_PER_MINUTE
    sends = options.sends or max(1, int(rate * options.minutes))
    every = options.every or (SOAK_FAULT_EVERY if options.soak else FAULT_EVERY)
    rage = partial(rage_of, options.only, seconds, every)
    running = Run(site, Plan(size, sends, seconds, options.seed, rage, patience=90.0))
    began = time.monotonic()
    record = await running.go()
    minutes = (time.monotonic() - began) / 60
    logger.info("after %.1f minutes: %s", minutes, dict(running.history.counts))
    if options.history:
        running.history.write(options.history)
    kind = "Soak" if options.soak else "Faults"
    title = f"{kind}: {options.minutes:g} minutes on {options.server}"
    found = violations(record)
    if found:
        logger.error("%s", described(found))
    return FaultsReport(title, facts_of(site, options.seed), found, figures(record), minutes)


async def rage_of(only: str, seconds: float, every: float, nemesis: Nemesis) -> None:
    faults = [fault for fault in catalogue.EVERYTHING if only in fault.name]
    await nemesis.rage(faults, seconds=seconds, every=every)


async def measure(site: FaultSite, options: argparse.Namespace) -> LimitsReport:
    measured = []
    for experiment in EXPERIMENTS:
        if options.only in experiment.__name__:
            logger.info("%s", experiment.__doc__)
            found = await experiment(site, options.seed)
            logger.info("%s", found)
            measured += found
    return LimitsReport(f"Limits on {options.server}", facts_of(site, options.seed), measured)


def keep_logs(site: FaultSite, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for process in site.processes:
        (folder / f"{process.name}.log").write_bytes(process.log.read_bytes())
    for server in (site.postgres, site.redis):
        (folder / f"{server.name}.log").write_bytes((server.folder / "server.log").read_bytes())


if __name__ == "__main__":
    sys.exit(main())
