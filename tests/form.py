"""`python3 manage.py check_all`: everything about the code that can be checked without running it.

Prints a line per check, and what a failing one said. Needs no network and no server.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(file.parent.name for file in ROOT.glob("*/__init__.py") if file.parent.name != "tests")

Check = Callable[[], str | None]
"""Returns what is wrong, if anything."""


def main(_argv: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="chat-check-") as folder, ThreadPoolExecutor(2) as pool:
        checks = list(all_checks(Path(folder)))
        failed = 0
        for (name, _), wrong in zip(checks, pool.map(lambda entry: entry[1](), checks), strict=True):
            print(f"{'ok    ' if wrong is None else 'FAILED'} {name}", flush=True)
            if wrong is not None:
                failed += 1
                print(wrong.strip() + "\n", flush=True)
    print(f"{failed} of {len(checks)} checks failed" if failed else f"all {len(checks)} checks are fine")
    return 1 if failed else 0


def all_checks(folder: Path) -> Iterator[tuple[str, Check]]:
    development = {"DEBUG": "1", "DATA_DIR": str(folder)}
    yield "types: mypy", tool("mypy", *PACKAGES, "tests", environment=development)
    yield "lint: ruff check", tool("ruff", "check", "--quiet", "--output-format", "concise", ".")
    yield "layout: ruff format", tool("ruff", "format", "--check", ".")
    yield "imports: import-linter", imports
    yield "imports: every package has contracts", packages_under_contract
    yield "Django: system checks", django("check", "--fail-level", "WARNING", environment=development)
    yield (
        "Django: deployment checks",
        django("check", "--deploy", "--fail-level", "WARNING", environment=production() | {"DATA_DIR": str(folder)}),
    )
    yield "Django: migrations are complete", django("makemigrations", "--check", "--dry-run", environment=development)
    yield "locks: satisfy the requirements", locks_satisfy_requirements
    yield "locks: development contains production", development_lock_contains_production
    yield "locks: no psycopg 3", no_psycopg_3


def tool(module: str, *arguments: str, environment: dict[str, str] | None = None) -> Check:
    return lambda: wrong_with([sys.executable, "-m", module, *arguments], environment or {})


def django(*arguments: str, environment: dict[str, str]) -> Check:
    return lambda: wrong_with(
        [sys.executable, "-W", "error::RuntimeWarning", "-m", "django", *arguments],
        {"DJANGO_SETTINGS_MODULE": "chatapi.settings", "PYTHONPATH": str(ROOT)} | environment,
    )


def imports() -> str | None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return wrong_with([sys.executable, "-c", command, "--no-cache"], {"PYTHONPATH": str(ROOT)})


def wrong_with(command: list[str], environment: dict[str, str]) -> str | None:
    unset = {"DATABASE_URL", "REDIS_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(command, cwd=ROOT, env=kept | environment, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr or f"exit status {done.returncode}") if done.returncode else None


def production() -> dict[str, str]:
    """A deployment as the handbook describes it; nothing is connected to."""
    return {
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "TOKEN_KEYS": f"first:{secrets.token_urlsafe(64)}",
        "ALLOWED_HOSTS": "chat.example.org",
        "CORS_ORIGINS": "https://app.example.org",
        "PUBLIC_URL": "https://chat.example.org",
        "TRUSTED_PROXIES": "1",
        "EMAIL_HOST": "mail.example.org",
        "DATABASE_URL": "postgres://chat:secret@database:5432/chat",
        "REDIS_URL": "redis://:secret@redis:6379/0",
    }


def packages_under_contract() -> str | None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]
    apps = set(PACKAGES) - {"chatapi"}
    inside, shared = contracts["contracts"][1]["containers"], contracts["contracts"][2]["protected_modules"]
    missing = {
        "root_packages": set(PACKAGES) - set(contracts["root_packages"]),
        "containers": apps - set(inside),
        "protected_modules": apps - set(shared),
    }
    wrong = [f"pyproject.toml, {key}: add {', '.join(sorted(names))}" for key, names in missing.items() if names]
    return "\n".join(wrong) or None


def locks_satisfy_requirements() -> str | None:
    wrong = []
    for name in ("requirements", "requirements-dev"):
        pins = pins_of(ROOT / f"{name}.lock")
        for requirement in requirements_of(ROOT / f"{name}.txt"):
            versions = pins.get(canonicalize_name(requirement.name), set())
            if not any(requirement.specifier.contains(version, prereleases=True) for version in versions):
                wrong.append(f"{name}.lock does not satisfy {requirement}; requirements-dev.txt says how to make it")
    return "\n".join(wrong) or None


def development_lock_contains_production() -> str | None:
    developers = pins_of(ROOT / "requirements-dev.lock")
    differing = [
        name for name, versions in pins_of(ROOT / "requirements.lock").items() if developers.get(name) != versions
    ]
    return f"other pins in requirements-dev.lock: {', '.join(differing)}" if differing else None


def no_psycopg_3() -> str | None:
    """Django prefers psycopg 3 to psycopg2 without a word wherever both are installed."""
    for lock in ("requirements.lock", "requirements-dev.lock"):
        found = {"psycopg", "psycopg-binary", "psycopg-c", "psycopg-pool"} & set(pins_of(ROOT / lock))
        if found:
            return f"{lock} contains {', '.join(found)}"
    return "psycopg is installed" if find_spec("psycopg") else None


def requirements_of(file: Path) -> Iterator[Requirement]:
    for line in file.read_text().splitlines():
        words = line.partition("#")[0].strip()
        if words and not words.startswith("-"):
            yield Requirement(words)


def pins_of(lock: Path) -> dict[str, set[Version]]:
    """Name to versions: several where the platform or the Python decides."""
    pins: dict[str, set[Version]] = {}
    for line in lock.read_text().splitlines():
        if line[:1].isalnum():
            name, _, rest = line.partition("==")
            pins.setdefault(canonicalize_name(name), set()).add(Version(rest.split()[0]))
    return pins
