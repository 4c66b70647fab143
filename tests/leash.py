"""Hold a server on a leash: `python leash.py FOLDER USER COMMAND...` runs it until our standard input closes.

That pipe closes however its owner ends, SIGKILL included; then the server ends too, and its folder is removed. A
server that dies by itself (a test killed it) leaves its folder, so that it can be started again.
"""

import pwd
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any


def main(folder: str, user: str, *command: str) -> None:
    with Path(folder, "server.log").open("ab") as log:
        server = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **as_user(user)
        )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # from here on only the pipe decides
    print(server.pid, flush=True)
    while server.poll() is None:
        if select.select([sys.stdin], [], [], 0.1)[0]:
            end(server)
            shutil.rmtree(folder, ignore_errors=True)


def as_user(user: str) -> dict[str, Any]:
    if not user:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def end(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown; for Redis the same as SIGTERM
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
