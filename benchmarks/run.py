#!/usr/bin/env python3
"""`python3 benchmarks/run.py [--quick] [shapes...]`: this project, the stock Channels chat and Socket.IO, side by side.

What is measured and how to read it: README.md beside this file.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]
sys.dont_write_bytecode = not sys.pycache_prefix

from chatapi import bootstrap  # noqa: E402

bootstrap.enter([sys.argv[0], "test"])  # the packages of the tests are enough

import machine  # noqa: E402
import measure  # noqa: E402
import psycopg2  # noqa: E402
import report  # noqa: E402
import shapes  # noqa: E402
import stacks  # noqa: E402
from machine import OTHER_CORE, Probes  # noqa: E402
from stacks import Stack, Unusable  # noqa: E402

from tests.servers import postgres_server, redis_server  # noqa: E402


@dataclass(frozen=True, slots=True)
class Extent:
    """How long and how often."""

    repetitions: int
    warmup: float
    seconds: float
    history_messages: int


FULL = Extent(3, 3.0, 8.0, shapes.HISTORY_MESSAGES)
QUICK = Extent(1, 1.0, 3.0, 50_000)


def main() -> None:
    options = arguments()
    extent = QUICK if options.quick else FULL
    if options.repetitions:
        extent = Extent(options.repetitions, extent.warmup, extent.seconds, extent.history_messages)
    names = options.shapes or shapes.NAMES
    with site(options.commit) as (place, source, databases, versions):
        chosen = chosen_stacks(options.stacks, source, databases, place.work)
        runs = list(all_runs(place, chosen, names, extent))
        results = {
            "facts": machine.facts(ROOT) | report.code_facts(ROOT, options.commit) | {"versions": versions},
            "extent": {"repetitions": extent.repetitions, "warmup": extent.warmup, "seconds": extent.seconds},
            "best_probe": place.probes.best(),
            "runs": runs,
        }
    report.finish(results, options.json, options.plot)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("shapes", nargs="*", metavar="shape", help=f"among {', '.join(shapes.NAMES)}; all of them")
    parser.add_argument("--quick", action="store_true", help="one short repetition: to see whether everything works")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--stacks", default="uvicorn,daphne,stock,socketio", help="which of these, with commas")
    parser.add_argument("--commit", default="", help="measure this commit of the project instead of the tree")
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--plot", type=Path, help="draw the ratios there, as SVG")
    options = parser.parse_args()
    unknown = set(options.shapes) - set(shapes.NAMES)
    if unknown:
        parser.error(f"no such shape: {', '.join(sorted(unknown))}")
    return options


@contextmanager
def site(commit: str) -> Iterator[tuple[measure.Site, Path, dict[str, str], dict[str, str]]]:
    """Servers of our own, the probes, and the project's code."""
    if (os.cpu_count() or 1) < 2:
        sys.exit("Two cores are needed: one for the app, one for the rest.")
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chat-benchmark-")))
        source = report.checked_out(ROOT, commit, work) if commit else ROOT
        postgres = stack.enter_context(postgres_server())
        redis = stack.enter_context(redis_server())
        for server in (postgres, redis):
            machine.pin(server.pid, OTHER_CORE)
        probes = stack.enter_context(Probes())
        databases = {name: new_database(postgres.url, name) for name in ("project", "stock", "socketio")}
        versions = report.versions() | {"PostgreSQL": postgres.version, "Redis": redis.version}
        place = measure.Site(postgres.pid, redis.pid, probes, work)
        yield place, source, databases | {"redis": redis.url}, versions


def new_database(server: str, name: str) -> str:
    """The URL of a new database."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE bench_{name}")
    connection.close()
    return f"{server.rpartition('/')[0]}/bench_{name}"


def chosen_stacks(wanted: str, source: Path, databases: dict[str, str], work: Path) -> list[Stack]:
    """The configurations, without those that cannot run here."""
    makers = {
        "uvicorn": lambda: stacks.project("uvicorn", source, databases, work),
        "daphne": lambda: stacks.project("daphne", source, databases, work),
        "stock": lambda: stacks.stock(databases, work),
        "socketio": lambda: stacks.socketio(databases, work),
    }
    chosen = []
    for name in wanted.split(","):
        try:
            chosen.append(makers[name]())
        except Unusable as reason:
            print(reason, flush=True)
    return chosen


def all_runs(place: measure.Site, chosen: list[Stack], names: list[str], extent: Extent) -> Iterator[dict[str, Any]]:
    """Every measurement, the stacks taking turns."""
    plan = shapes.seed_plan(names, extent.history_messages)
    seed(chosen, plan)
    for name in names:
        for repetition in range(extent.repetitions):
            for stack in chosen:
                if not applies(name, stack):
                    continue
                try:
                    figures = measured(place, stack, name, extent)
                except Unusable as reason:
                    print(f"{name:8} {stack.name:9} not counted: {reason}", flush=True)
                    continue
                run = {"shape": name, "stack": stack.name, "repetition": repetition} | figures
                print(report.line(run, place.probes.best()), flush=True)
                yield run


def seed(chosen: list[Stack], plan: dict[str, object]) -> None:
    """Fills the databases; this project's two configurations share theirs."""
    made: dict[str, stacks.Seeded] = {}
    for stack in chosen:
        database = stack.environment["DATABASE_URL"]
        began = time.monotonic()
        if database in made:
            stack.seeded = made[database]
            continue
        own = plan if stack.page else plan | {"history": ""}
        made[database] = stack.made(own)
        print(f"seeded {stack.name} in {time.monotonic() - began:.0f} s", flush=True)


def applies(name: str, stack: Stack) -> bool:
    """Only this project has inbox sockets; the history is compared within Django."""
    ours = stack.dialect == "room"
    if name == shapes.HISTORY:
        return stack.name in {"uvicorn", "stock"}
    return ours or name == shapes.IDLE or not shapes.LOADS[name].inbox


def measured(place: measure.Site, stack: Stack, name: str, extent: Extent) -> dict[str, Any]:
    """One measurement."""
    if name == shapes.IDLE:
        return measure.measure_idle(place, stack, shapes.IDLE_SOCKETS)
    if name == shapes.HISTORY:
        return measure.measure_history(place, stack, extent.history_messages, extent.warmup, extent.seconds)
    return measure.measure_load(place, stack, shapes.LOADS[name], extent.warmup, extent.seconds)


if __name__ == "__main__":
    main()
