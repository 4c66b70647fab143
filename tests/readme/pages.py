"""The README and the pages in `docs/`, taken apart."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *(ROOT / name for name in ("CHANGELOG.md", "SECURITY.md")), *sorted((ROOT / "docs").glob("*.md"))]


def section(page: Path, title: str) -> str:
    """The text below a heading of the second level, up to the next one."""
    match = re.search(rf"^## {re.escape(title)}$\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    assert match, f"{page.name} has no section {title!r}"
    return match[1]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def rows(text: str) -> dict[str, str]:
    """First cell to second cell of every table row whose first cell is one piece of code."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]*?) \|", text, re.MULTILINE))


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """The targets of its links and pictures, without those that lead elsewhere."""
    text = prose(page)
    return [
        link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http:", "https:", "mailto:"))
    ]


def anchors(page: Path) -> set[str]:
    """What its headings are called in an address."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
