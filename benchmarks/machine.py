"""What the system says about processes: CPU, memory, cores, and how disturbed a measurement was."""

import os
import platform
import re
import statistics
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
APP_CORE, OTHER_CORE = 0, 1
"""The app on one core; generator, PostgreSQL and Redis on the other."""


def stat_of(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name: state is 0, parent 1, utime 11, stime 12, cutime 13, cstime 14."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def tree(root: int) -> list[int]:
    """A process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := stat_of(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def cpu_seconds(root: int) -> float:
    """utime + stime of a process, its descendants, and those of them that have ended."""
    total = 0
    for pid in tree(root):
        fields = stat_of(pid)
        total += sum(int(value) for value in fields[11:15]) if fields else 0
    return total / TICK


def memory_bytes(root: int) -> int:
    """What a process and its descendants keep to themselves or share, each page counted once (PSS)."""
    total = 0
    for pid in tree(root):
        match = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        total += int(match.group(1)) * 1024 if match else 0
    return total


def pin(root: int, core: int) -> None:
    """Keeps a process, its threads and its descendants on one core."""
    for pid in tree(root):
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})


def busy_seconds() -> float:
    """CPU seconds that both cores have spent on anything."""
    total = 0
    for line in Path("/proc/stat").read_text().splitlines():
        if re.match(rf"cpu[{APP_CORE}{OTHER_CORE}] ", line):
            values = [int(value) for value in line.split()[1:]]
            total += sum(values[:3]) + sum(values[5:8])  # without idle and waiting
    return total / TICK


class Probes:
    """Fixed work on both cores for as long as the benchmark runs (probe.py)."""

    def __init__(self) -> None:
        self._rounds: dict[int, list[tuple[float, float]]] = {APP_CORE: [], OTHER_CORE: []}
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Probes":
        for core in self._rounds:
            line = [sys.executable, str(Path(__file__).with_name("probe.py")), str(core)]
            process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self._processes.append(process)
            threading.Thread(target=self._listen, args=(core, process), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
            process.wait(5)

    @property
    def cpu(self) -> float:
        """What the probes themselves have used."""
        return sum(cpu_seconds(process.pid) for process in self._processes)

    def _listen(self, core: int, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            at, cpu = (float(word) for word in line.split())
            self._rounds[core].append((at, cpu))

    def cost(self, core: int, since: float, until: float) -> float:
        """The mean CPU seconds of a round in that time."""
        return statistics.fmean(cpu for at, cpu in self._rounds[core] if since <= at <= until)

    def best(self) -> float:
        """A round on an undisturbed core at its fastest: the unit of slowdown."""
        costs = sorted(cpu for rounds in self._rounds.values() for _, cpu in rounds)
        return costs[len(costs) // 50]


def facts(root: Path) -> dict[str, Any]:
    """The machine and the code."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "processor": model.group(1) if model else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory.group(1)) / 2**20) if memory else None,
        "system": system_name(),
        "kernel": platform.release().split("-")[0],
        "python": platform.python_version(),
    }


def system_name() -> str:
    """The distribution."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.system()


def git(root: Path, *arguments: str) -> str:
    """What git says."""
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False).stdout.strip()
