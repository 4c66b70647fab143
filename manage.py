#!/usr/bin/env python3
"""Django's command line, which first makes itself an environment to run in."""

import os
import sys

if sys.version_info < (3, 11):
    sys.exit("This project needs Python 3.11 or newer; this is Python " + sys.version.split()[0] + ".")

sys.dont_write_bytecode = not sys.pycache_prefix  # no __pycache__ in the tree: chatapi/bootstrap.py


def main() -> None:
    from chatapi import bootstrap

    bootstrap.enter(sys.argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatapi.settings")
    if sys.argv[1:2] == ["up"]:
        os.environ.setdefault("DEBUG", "true")  # before the settings are read
    if sys.argv[1:2] == ["test"]:
        from tests.runner import main as run
    elif sys.argv[1:2] == ["faults"]:
        from tests.faults.__main__ import main as run
    elif sys.argv[1:2] == ["check_all"]:
        from tests.form import main as run
    else:
        from django.core.management import execute_from_command_line as run
    sys.exit(run(sys.argv))


if __name__ == "__main__":
    main()
