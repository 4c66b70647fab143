"""The ratios as an SVG, made of text."""

from html import escape
from typing import Any

COLOURS = {"uvicorn": "#2563eb", "daphne": "#60a5fa", "stock": "#9ca3af", "socketio": "#f59e0b"}
NAMES = {
    "uvicorn": "this project, uvicorn",
    "daphne": "this project, daphne",
    "stock": "stock",
    "socketio": "Socket.IO",
}
LEFT, WIDTH, BAR, GAP, TOP = 90, 620, 15, 16, 76


def drawn(rows: list[dict[str, Any]], facts: dict[str, Any]) -> str:
    """Bars: how many times less CPU than the stock chat, per shape and stack."""
    rows = [row for row in rows if "times_less" in row]
    widest = max((row["times_less"] for row in rows), default=1.0)
    parts, y, shape = [], TOP, None
    for row in rows:
        if row["shape"] != shape:
            y += GAP if shape else 0
            shape = row["shape"]
            parts.append(text(LEFT - 8, y + BAR - 3, shape, anchor="end", weight="bold"))
        length = max(1.0, WIDTH * row["times_less"] / widest)
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{colour(row)}"/>')
        parts.append(text(LEFT + length + 5, y + BAR - 4, f"{row['times_less']:.1f}"))
        y += BAR
    legend = [
        part
        for number, name in enumerate(NAMES)
        for part in (
            f'<rect x="{LEFT + 165 * number}" y="50" width="10" height="10" fill="{COLOURS[name]}"/>',
            text(LEFT + 14 + 165 * number, 59, NAMES[name]),
        )
    ]
    title = text(LEFT, 22, "CPU (app + Redis + PostgreSQL): how many times less than the stock Channels chat", size=15)
    under = f"{facts['processor']}, {facts['cores']} cores; commit {facts['commit'][:12]}; longer is better"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 70}" height="{y + 20}"'
        ' font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
    )
    return "\n".join([head, title, text(LEFT, 39, under), *legend, *parts, "</svg>", ""])


def colour(row: dict[str, Any]) -> str:
    """Of a stack."""
    return COLOURS[row["stack"]]


def text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal", size: int = 12) -> str:
    """A line of text."""
    style = f'text-anchor="{anchor}" font-weight="{weight}" font-size="{size}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'
