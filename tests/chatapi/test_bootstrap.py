"""The environment is made where the project lies, and nothing else is touched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_linked_environment_is_not_deleted_through_the_link(tmp_path):
    """Alice has put a link to an environment of hers where .venv is made."""
    project, hers = tmp_path / "project", tmp_path / "hers"
    (project / "chatapi").mkdir(parents=True)
    hers.mkdir()
    for name in ("manage.py", "requirements.lock", "chatapi/__init__.py", "chatapi/bootstrap.py"):
        shutil.copy(ROOT / name, project / name)
    (hers / "kept").touch()
    (project / ".venv").symlink_to(hers)
    kept = {name: value for name, value in os.environ.items() if name != "CHATAPI_NO_VENV"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=project, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "is a link" in done.stderr
    assert (hers / "kept").exists()
