"""The README does what it says: its commands run, its tables are complete, its links lead somewhere."""

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
from django.conf import settings

from chatapi.limits import Limits
from tests.readme.pages import PAGES, README, ROOT, anchors, blocks, links, rows, section

CONTROLS, FAILURES = (ROOT / "docs" / f"{name}.md" for name in ("security", "hardening"))
ELSEWHERE = {"PROMETHEUS_MULTIPROC_DIR", "CHATAPI_NO_VENV", "TEST_DATABASE_URL", "TEST_REDIS_URL"}
"""Described below the tables."""


def test_the_first_chat_runs_as_printed(up):
    script = "".join(blocks(section(README, "A first chat in five minutes"), "sh"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("localhost:8000", up.host)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found, told = done.stdout.split("201\n200\n1\n")
    assert '"username": "noah"' in found
    assert told.count('"text": "Hello Noah!"') == 1
    assert '"read_seq": 1\n}\n0\n' in told
    constants = told.splitlines()[-1]
    assert re.fullmatch(r"const roomName = '[\w-]{22,}', jwtToken = '[\w.-]+';", constants)


def test_every_variable_is_described_and_none_is_invented():
    described = set(rows(section(README, "Configuration")))
    read = variables() | {f"RATE_{scope.upper()}" for scope in settings.RATES}
    read |= {f"LIMIT_{field.name.upper()}" for field in fields(Limits)}
    assert described == read - ELSEWHERE
    assert all(name in README.read_text() for name in ELSEWHERE)


def variables() -> set[str]:
    """Every environment variable that the application reads by its name."""
    readers = re.compile(r"env\.(?:text|flag|number|words|database|redis)\(\s*[\"']([A-Z_]+)[\"']")
    folders = ("chatapi", "accounts", "conversations")
    texts = [file.read_text() for folder in folders for file in (ROOT / folder).rglob("*.py")]
    return {name for text in texts for name in readers.findall(text)}


def test_the_printed_limits_and_rates_are_the_defaults():
    table = rows(section(README, "Configuration"))
    for field in fields(Limits):
        assert table[f"LIMIT_{field.name.upper()}"] == str(field.default)
    for scope, rate in settings.RATES.items():
        assert table[f"RATE_{scope.upper()}"] == rate


def test_the_printed_numbers_are_the_defaults():
    source = (ROOT / "chatapi" / "settings.py").read_text()
    table = rows(section(README, "Configuration"))
    numbers = dict(re.findall(r"env\.number\(\"([A-Z_]+)\", ([0-9_]+)[,)]", source))
    assert len(numbers) > 15
    for name, default in numbers.items():
        assert table[name].split(";")[0] == default.replace("_", ""), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize(("page", "least"), [(CONTROLS, 60), (FAILURES, 20)], ids=["security", "hardening"])
def test_every_test_that_a_page_names_exists(page: Path, least: int):
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", page.read_text())
    assert len(named) > least
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(), f"{file}::{test}"


@pytest.mark.parametrize("page", [CONTROLS, FAILURES], ids=["security", "hardening"])
def test_every_module_that_a_page_names_exists(page: Path):
    for path in re.findall(r"`((?:accounts|chatapi|conversations)/[\w/.]*)`", page.read_text()):
        assert (ROOT / path).exists(), path


def test_the_numbers_of_the_hardening_page_have_no_hole():
    for letter, last in (("F", 37), ("N", 17), ("I", 17)):
        assert re.findall(rf"^\| {letter}(\d+) \|", FAILURES.read_text(), re.MULTILINE) == [
            str(number) for number in range(1, last + 1)
        ]


def test_every_number_in_code_and_tests_is_explained():
    explained = set(re.findall(r"\b[FNIS]\d+\b", CONTROLS.read_text() + FAILURES.read_text()))
    for folder in ("accounts", "chatapi", "conversations", "tests", "clients/python"):
        for file in (ROOT / folder).rglob("*.py"):
            remarks = re.findall(r'""".*?"""|#(?! noqa)[^\n]*', file.read_text(), re.DOTALL)
            named = {number for remark in remarks for number in re.findall(r"\b[FNIS][1-9]\d?\b", remark)}
            assert named <= explained, file
