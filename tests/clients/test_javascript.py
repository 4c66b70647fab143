"""The JavaScript client: its rules, its hundred cuts, its types. They are in clients/javascript/test/."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "clients" / "javascript"
TESTS = sorted(str(path.relative_to(FOLDER)) for path in (FOLDER / "test").glob("*.test.js"))
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def node() -> list[str]:
    """Node and the flags with which it has a WebSocket."""
    program = shutil.which("node")
    if program is None:
        pytest.fail("The JavaScript client's tests need Node 20 or later on the PATH.")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    major = int(version.removeprefix("v").split(".")[0])
    if major < 20:
        pytest.fail(f"The JavaScript client's tests need Node 20 or later; this is {version}.")
    return [program, *(["--experimental-websocket"] if major < 22 else [])]


def run(line: list[str]) -> None:
    environment = os.environ | {"PYTHON": sys.executable}
    ran = subprocess.run(line, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"


def test_the_clients_own_tests_pass(node):
    run([*node, "--test", "--test-concurrency=1", *TESTS])


def test_the_types_fit(node):
    compiler = FOLDER / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.exists():
        pytest.fail("TypeScript is not installed: run `npm ci` in clients/javascript.")
    run([*node, str(compiler), "-p", "test/types"])
