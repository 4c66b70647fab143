"""A run as a page: where and with what it was made, what went wrong with the servers, and what with the promise."""

import datetime as dt
import json
import os
import platform
import subprocess
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.end_to_end.site import ROOT
from tests.faults.checkers import CHECKERS
from tests.faults.figures import Figures, Spread
from tests.faults.limits import Measured
from tests.faults.site import FaultSite

PACKAGES = (
    "Django",
    "channels",
    "channels-redis",
    "redis",
    "daphne",
    "uvicorn",
    "websockets",
    "gunicorn",
    "psycopg2-binary",
)
QUESTIONS = {
    "acknowledged messages lost or changed": ("I1",),
    "refused or unknown messages that appeared": ("I2",),
    "duplicates": ("I3",),
    "holes or doubles in a room's numbers": ("I4",),
    "disagreements about the order": ("I5", "I6"),
    "own messages not found after the answer": ("I7",),
    "messages that somebody never got, or late": ("I8",),
    "reloads where a gap was to be closed": ("I9",),
    "wrong badges, counts or marks": ("I11",),
    "deliveries after a leaving or a logout": ("I12",),
    "deliveries to strangers": ("I13",),
    "things left behind in processes": ("I14",),
    "errors that nobody foresaw": ("I15",),
    "devices that differ from a fresh look": ("I17",),
}


@dataclass
class Report(ABC):
    """A page, and the same as JSON."""

    title: str
    facts: dict[str, str]

    @property
    @abstractmethod
    def held(self) -> bool:
        """Whether everything was as promised."""

    @property
    @abstractmethod
    def verdict(self) -> str:
        """In one line."""

    @property
    @abstractmethod
    def parts(self) -> list[str]:
        """What follows the title, the verdict and the facts."""

    def markdown(self) -> str:
        """For people."""
        head = [f"# {self.title}\n", f"**{self.verdict}**\n", table(("", ""), list(self.facts.items()))]
        return "\n".join(part for part in [*head, *self.parts] if part)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"held": self.held}

    def write(self, page: Path) -> None:
        """Both, side by side."""
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(self.markdown())
        page.with_suffix(".json").write_text(json.dumps(self.as_json(), indent=1) + "\n")


@dataclass
class LimitsReport(Report):
    """What single faults cost."""

    measured: list[Measured]

    @property
    def held(self) -> bool:
        return all(each.kept for each in self.measured)

    @property
    def verdict(self) -> str:
        return f"{sum(each.kept for each in self.measured)} of {len(self.measured)} promises kept."

    @property
    def parts(self) -> list[str]:
        rows = [
            (each.subject, each.promised, each.measured, "yes" if each.kept else "**NO**") for each in self.measured
        ]
        return [table(("", "promised", "measured", "kept"), rows)]


@dataclass
class FaultsReport(Report):
    """A run under faults."""

    found: dict[str, list[str]]
    figures: Figures
    minutes: float

    @property
    def answers(self) -> dict[str, int]:
        """By question: how often it happened."""
        return {words: sum(len(self.found.get(name, [])) for name in names) for words, names in QUESTIONS.items()}

    @property
    def held(self) -> bool:
        return not self.found

    @property
    def verdict(self) -> str:
        broken, numbers = sum(self.answers.values()), self.figures
        said = f"THE PROMISE WAS BROKEN {broken} TIMES:" if broken else "The promise held:"
        return f"{said} {numbers.sends:,} messages in {self.minutes:.0f} minutes under {len(numbers.faults)} faults."

    def as_json(self) -> dict[str, Any]:
        return super().as_json() | {"answers": self.answers}

    @property
    def parts(self) -> list[str]:
        return [
            "## What must not happen\n",
            table(("", "times"), list(self.answers.items())),
            self._examples(),
            "## What happened\n",
            table(("", ""), self._counts()),
            "## How fast\n",
            HOW_FAST,
            table(("seconds", "measured", "p50", "p99", "largest"), self._speeds()),
            "## The faults\n",
            "Catch-up in seconds, over the devices that had anything to catch up on.\n",
            table(("", "fault", "from", "lasted", "devices", "p50", "largest"), self._faults()),
        ]

    def _counts(self) -> list[tuple[str, str]]:
        numbers = self.figures
        return [
            ("messages sent", f"{numbers.sends:,}"),
            ("of these answered; of the others nobody knows", f"{numbers.answered:,}"),
            ("repeats under the same `client_id` that were answered", f"{numbers.repeats:,}"),
            ("messages that reached a device", f"{numbers.deliveries:,}"),
            ("marks set; ticks seen", f"{numbers.marks:,}; {numbers.ticks:,}"),
            ("connections lost, by close code (0: none came)", f"{numbers.connections_lost:,}: {numbers.codes}"),
            ("memory of the socket processes: first, most, last", self._memory()),
        ]

    def _memory(self) -> str:
        pairs = self.figures.memory.items()
        return "; ".join(f"{name} {' '.join(str(size >> 20) for size in sizes)} MiB" for name, sizes in pairs)

    def _speeds(self) -> list[tuple[str, ...]]:
        return [
            ("delay of a message", *cells(self.figures.delay)),
            ("catch-up of a device", *cells(self.figures.catch_up)),
        ]

    def _faults(self) -> list[tuple[str, ...]]:
        return [
            (
                str(fault.number), fault.name, clock(fault.begin), f"{fault.end - fault.begin:.1f} s",
                str(fault.caught_up.number), f"{fault.caught_up.p50:.2f}", f"{fault.caught_up.most:.2f}",
            )
            for fault in self.figures.faults
        ]  # fmt: skip

    def _examples(self) -> str:
        lines = [f"- {name}: `{wrong[:500]}`" for name, found in self.found.items() for wrong in found[:5]]
        return "\n".join(["Among others:\n", *lines, ""]) if lines else ""


HOW_FAST = """**Delay**: from when it was possible - the store, or the end of the last fault in between - until a
device holds the message. **Catch-up**: from the end of a fault until every connection that a device lost is back and
the device holds every message stored up to then; clients wait 0.1 to 1.5 s before they connect again.
"""


def cells(spread: Spread) -> tuple[str, ...]:
    """Of a table."""
    return f"{spread.number:,}", f"{spread.p50:.2f}", f"{spread.p99:.2f}", f"{spread.most:.2f}"


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def table(heads: tuple[str, ...], rows: list[Any]) -> str:
    """In Markdown."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def facts_of(site: FaultSite, seed: int) -> dict[str, str]:
    """Where and with what it was measured."""
    commit = subprocess.run(
        ["git", "log", "-1", "--format=%h %s"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    changed = subprocess.run(["git", "status", "--short"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return {
        "date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit.stdout.strip() + (" (changed)" if changed else ""),
        "seed": str(seed),
        "socket servers": ", ".join(site.servers),
        "machine": f"{os.cpu_count()} cores, for servers and clients; {memory_of_machine()}; {platform.platform()}",
        "load average at the end": ", ".join(f"{load:.1f}" for load in os.getloadavg()) + " (1, 5, 15 minutes)",
        "versions": f"Python {platform.python_version()}, {site.postgres.version}, {site.redis.version}, {versions}",
    }


def memory_of_machine() -> str:
    """As Linux says."""
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
    return f"{kilobytes >> 20} GiB"


assert {name for names in QUESTIONS.values() for name in names} == CHECKERS.keys()
