"""From measurements to ratios: the table, the JSON, the line per run."""

import json
import os
import statistics
import subprocess
import sys
import tarfile
from importlib.metadata import distributions
from io import BytesIO
from pathlib import Path
from typing import Any

import machine
import plot
import shapes

PACKAGES = [
    "django", "channels", "channels_redis", "redis", "daphne", "uvicorn", "uvloop", "httptools", "websockets",
    "autobahn", "twisted", "psycopg2-binary", "orjson", "djangorestframework", "gunicorn",
]  # fmt: skip
STOCK = "stock"
STACKS = ["uvicorn", "daphne", "stock", "socketio"]


# The code


def code_facts(root: Path, commit: str) -> dict[str, Any]:
    """Which code was measured."""
    if commit:
        return {"commit": machine.git(root, "rev-parse", commit), "changed": False}
    changed = machine.git(root, "status", "--porcelain", "--", "chatapi", "accounts", "conversations")
    return {"commit": machine.git(root, "rev-parse", "HEAD"), "changed": bool(changed)}


def checked_out(root: Path, commit: str, work: Path) -> Path:
    """The project as it was at `commit`, in a folder of its own."""
    folder = work / "source"
    archive = subprocess.run(["git", "archive", commit], cwd=root, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def versions() -> dict[str, str]:
    """Of everything that is measured."""
    places = [*filter(None, [os.environ.get("BENCHMARK_PYTHONPATH")]), *sys.path]
    installed = {entry.name.lower(): entry.version for entry in reversed(list(distributions(path=places)))}
    names = {package: "redis-py" if package == "redis" else package for package in PACKAGES}
    found = {name: installed[package] for package, name in names.items() if package in installed}
    lock = json.loads((Path(__file__).parent / "socketio" / "package-lock.json").read_text())["packages"]
    for package in ("socket.io", "ws", "@socket.io/redis-adapter", "pg", "redis"):
        found[f"node {package}"] = lock[f"node_modules/{package}"]["version"]
    try:
        found["node"] = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except OSError:
        found["node"] = "none"
    return found


# One run


def units(run: dict[str, Any]) -> float:
    """What the CPU of a run is divided by."""
    if run["shape"] == shapes.IDLE:
        return float(run["sockets"]) / 1_000
    if run["shape"] == shapes.HISTORY:
        return float(run["pages"]) / 1_000
    if shapes.LOADS[run["shape"]].per == "messages":
        return float(run["messages"]) / 1_000
    return float(run["deliveries"]) / 10_000


UNIT = {"messages": "1,000 messages", "deliveries": "10,000 deliveries"}


def unit_of(shape: str) -> str:
    """The unit in words."""
    if shape in shapes.LOADS:
        return UNIT[shapes.LOADS[shape].per]
    return "1,000 connects" if shape == shapes.IDLE else "1,000 pages"


def costs(run: dict[str, Any], best: float) -> dict[str, float]:
    """CPU seconds per unit: as measured, and divided by how slow the cores were meanwhile."""
    app_slow, other_slow = run["app_probe"] / best, run["other_probe"] / best
    count = units(run)
    raw = {part: run[f"{part}_cpu"] / count for part in ("app", "redis", "database")}
    others = raw["redis"] + raw["database"]
    return raw | {
        "raw": raw["app"] + others,
        "normal": raw["app"] / app_slow + others / other_slow,
        "app_slow": app_slow,
        "other_slow": other_slow,
    }


def line(run: dict[str, Any], best: float) -> str:
    """A run in one line."""
    cost = costs(run, best)
    parts = f"{cost['app']:.4f}+{cost['redis']:.4f}+{cost['database']:.4f}"
    words = f"{run['shape']:8} {run['stack']:9} {cost['raw']:8.4f} = {parts:24} CPU s per {unit_of(run['shape'])}"
    if "messages" in run:
        words += f", {run['messages'] / run['seconds']:.0f}/s, p50 {run['p50_ms']:.1f} p99 {run['p99_ms']:.1f} ms"
        words += f", generator {100 * run['generator_cpu'] / run['seconds']:.0f} %"
        words += f", LOST {run['lost']}" if run["lost"] else ""
    if "connect_cpu" in run:
        words += f", connecting {1000 * run['connect_cpu']:.1f} ms"
    if "memory_per_socket" in run:
        words += f", {run['memory_per_socket'] / 1024:.1f} KiB per socket"
    words += f" | probes x{cost['app_slow']:.2f} x{cost['other_slow']:.2f}, others {run['foreign_cores']:.2f} cores"
    return words + (", DISTURBED" if run["disturbed"] else "")


# All runs


def summary(results: dict[str, Any]) -> list[dict[str, Any]]:
    """A row per shape and stack: medians, extremes, and how many times less than the stock stack."""
    rows = []
    for shape in shapes.NAMES:
        of_shape = [run for run in results["runs"] if run["shape"] == shape]
        for stack in STACKS:
            runs = [run for run in of_shape if run["stack"] == stack]
            if runs:
                rows.append(row_of(shape, stack, runs, results["best_probe"]))
    for row in rows:
        compare(row, [other for other in rows if other["stack"] == STOCK])
    return rows


def row_of(shape: str, stack: str, runs: list[dict[str, Any]], best: float) -> dict[str, Any]:
    """The medians of one stack in one shape."""
    cost = [costs(run, best) for run in runs]
    row: dict[str, Any] = {"shape": shape, "stack": stack, "unit": unit_of(shape), "runs": len(runs)}
    for part in ("raw", "normal", "app", "redis", "database", "app_slow", "other_slow"):
        row[part] = statistics.median(entry[part] for entry in cost)
    row["raw_min"], row["raw_max"] = min(entry["raw"] for entry in cost), max(entry["raw"] for entry in cost)
    row["disturbed"] = sum(run["disturbed"] for run in runs)
    for name, value in {
        "p50_ms": lambda run: run["p50_ms"],
        "p99_ms": lambda run: run["p99_ms"],
        "per_second": per_second,
        "memory_per_socket": lambda run: run["memory_per_socket"],
        "lost": lambda run: run["lost"],
    }.items():
        if all(name in run or (name == "per_second" and "seconds" in run) for run in runs):
            row[name] = statistics.median(value(run) for run in runs)
    return row


def per_second(run: dict[str, Any]) -> float:
    """Messages or pages."""
    return float(run.get("messages", run.get("pages", 0)) / run["seconds"])


def compare(row: dict[str, Any], stock: list[dict[str, Any]]) -> None:
    """Adds the ratios to the stock stack in the room shape; of the raw and the normalised one the lower is claimed."""
    shape = row["shape"].removesuffix("-inbox")
    for other in stock:
        if other["shape"] == shape:
            row["times_raw"], row["times_normal"] = other["raw"] / row["raw"], other["normal"] / row["normal"]
            row["times_less"] = min(row["times_raw"], row["times_normal"])
            for name in ("p50_ms", "p99_ms", "memory_per_socket"):
                if row.get(name) and other.get(name):
                    row[f"{name}_times"] = other[name] / row[name]


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    lines = [
        "| shape | stack | CPU s, app + Redis + database (min to max) | per | times less CPU than stock: claimed"
        " (raw, normalised) | per second | p50, p99 ms | KiB per socket | probes | disturbed |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [table_line(row) for row in rows]
    return "\n".join(lines)


def table_line(row: dict[str, Any]) -> str:
    """One row."""
    ratio = (
        f"**{row['times_less']:.1f}** ({row['times_raw']:.1f}, {row['times_normal']:.1f})"
        if "times_less" in row
        else ""
    )
    pace = f"{row['per_second']:.0f}" if row.get("per_second") else ""
    waits = f"{row['p50_ms']:.1f}, {row['p99_ms']:.1f}" if "p50_ms" in row else ""
    memory = f"{row['memory_per_socket'] / 1024:.1f}" if "memory_per_socket" in row else ""
    cells = [
        row["shape"],
        row["stack"],
        f"{row['raw']:.4f} = {row['app']:.4f} + {row['redis']:.4f} + {row['database']:.4f}"
        f" ({row['raw_min']:.4f} to {row['raw_max']:.4f})",
        row["unit"],
        ratio,
        pace + (f" (lost {row['lost']:.0f})" if row.get("lost") else ""),
        waits,
        memory,
        f"{row['app_slow']:.2f}, {row['other_slow']:.2f}",
        f"{row['disturbed']} of {row['runs']}",
    ]
    return f"| {' | '.join(cells)} |"


def finish(results: dict[str, Any], json_path: Path | None, plot_path: Path | None) -> None:
    """Prints the table, and writes what was asked for."""
    rows = results["summary"] = summary(results)
    facts = results["facts"]
    changed = " with changes" if facts["changed"] else ""
    print(f"\n{facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']},", end=" ")
    print(f"Linux {facts['kernel']}, Python {facts['python']}; commit {facts['commit'][:12]}{changed}")
    print(", ".join(f"{name} {number}" for name, number in facts["versions"].items()) + "\n")
    print(table(rows))
    if json_path:
        json_path.write_text(json.dumps(results, indent=1) + "\n")
    if plot_path:
        plot_path.write_text(plot.drawn(rows, facts))
