"""Make `.venv` from a lock file and go on inside it. Standard library only: it runs before anything is installed.

The folder counts as good only while its stamp, written last, names the lock, the Python and the place it was made for.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP, DRAFT = VENV / "made-from", VENV / "made-from.draft"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
BYTECODE = str(VENV / "bytecode")  # all of it, so that no __pycache__ appears in the tree
LOCK, DEV_LOCK = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"  # the second contains the first
DEV_COMMANDS = {"test", "check_all", "faults"}


def enter(argv: list[str]) -> None:
    """Return inside the environment that the command needs; elsewhere make it and start the command again in it."""
    if os.environ.get("CHATAPI_NO_VENV") == "1":
        return
    lock = DEV_LOCK if argv[1:2] and argv[1] in DEV_COMMANDS else LOCK
    inside = Path(sys.prefix) == VENV and os.environ.get("PYTHONPYCACHEPREFIX") == BYTECODE
    if inside and ready(lock):
        return
    try:
        if not ready(lock):
            with held_by_one_process() as handle:
                if not ready(lock):  # another process may have made it while we waited
                    make(lock, handle)
    except KeyboardInterrupt:
        sys.exit("Interrupted. The next start makes .venv again.")
    except OSError as error:
        sys.exit(
            f"Cannot make {VENV}: {error}.\nThe folder must be writable and have about 500 MB free. Or install"
            f" {lock.name} in an environment of your own and set CHATAPI_NO_VENV=1."
        )
    restart()


def key(lock: Path) -> str:
    """Not the patch version: two Pythons 3.11 of one machine would tear the environment out of each other's hands."""
    made_from = (sys.version_info[:2], platform.machine(), str(VENV), lock.read_text())
    return f"{lock.name}:{hashlib.sha256(repr(made_from).encode()).hexdigest()}"


def stamps() -> list[str]:
    return STAMP.read_text().split() if STAMP.is_file() and PYTHON.exists() else []


def ready(lock: Path) -> bool:
    return key(lock) in stamps()


@contextmanager
def held_by_one_process() -> Iterator[tuple[int, ...]]:
    """Lock the project folder itself, which leaves no lock file behind."""
    if sys.platform == "win32":
        yield ()
        return
    import fcntl

    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield (handle,)
    finally:
        os.close(handle)


def make(lock: Path, handle: tuple[int, ...]) -> None:
    """Installers inherit the lock's handle: if we are killed, nobody else starts before they have ended too."""
    if VENV.is_symlink():
        sys.exit(
            f"{VENV} is a link, and what it points to would be deleted: remove the link, and .venv is made here. To run"
            " in an environment of your own set CHATAPI_NO_VENV=1."
        )
    addition = stamps() == [key(LOCK)]
    VENV.mkdir(exist_ok=True)
    DRAFT.touch()  # fails here, with the system's own reason, where the folder cannot be written
    STAMP.unlink(missing_ok=True)
    say(f"Installing {lock.name} into .venv. This happens once, and takes about a minute ...")
    uv = shutil.which("uv")
    if not (uv and install_with_uv(uv, lock, handle, addition)):
        install_with_pip(lock, handle, addition)
    DRAFT.write_text("\n".join(sorted({key(LOCK), key(lock)})))
    DRAFT.replace(STAMP)


def install_with_uv(uv: str, lock: Path, handle: tuple[int, ...], addition: bool) -> bool:
    python = getattr(sys, "_base_executable", sys.executable)
    done = addition or run([uv, "venv", "--quiet", "--clear", "--python", python, str(VENV)], handle)
    install = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    if done and run([*install, "--no-deps", "--require-hashes", "-r", str(lock)], handle):
        return True
    say("uv could not do it (its words are above); trying pip, which may be configured differently.")
    return False


def install_with_pip(lock: Path, handle: tuple[int, ...], addition: bool) -> None:
    if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        sys.exit(
            "This Python cannot make virtual environments: its modules venv and ensurepip are missing.\n"
            f"On Debian and Ubuntu: apt install python3-venv (or python3.{sys.version_info.minor}-venv)."
        )
    addition = addition and any(VENV.rglob("pip/__main__.py"))  # uv's environments have no pip
    python = getattr(sys, "_base_executable", sys.executable)
    if not addition and not run([python, "-m", "venv", "--clear", str(VENV)], handle):
        sys.exit("Making .venv failed; the words of python -m venv are above. Is the disk full?")
    pip = [str(PYTHON), "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", "install"]
    if not run([*pip, "--no-compile", "--no-deps", "--require-hashes", "-r", str(lock)], handle):
        sys.exit(
            "Installing the packages failed; pip's words are above. Is PyPI reachable, or the mirror that pip is"
            " configured for?\nNothing half-made is kept: the same command starts afresh."
        )


def run(command: Sequence[str], handle: tuple[int, ...]) -> bool:
    return subprocess.run(command, pass_fds=handle, check=False).returncode == 0


def restart() -> None:
    os.environ["PYTHONPYCACHEPREFIX"] = BYTECODE
    command = [str(PYTHON), *sys.orig_argv[1:]]
    if os.name == "nt":
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execv(PYTHON, command)


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
