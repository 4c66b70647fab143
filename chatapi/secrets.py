"""Secrets of the embedded default: made once, kept beside its database, never used in production mode."""

import json
import os
import secrets
from pathlib import Path

FILE_NAME = "secrets.json"


def development_secret(folder: Path, name: str, *, debug: bool) -> str:
    """The secret `name` kept in `folder`, made at the first call; nothing in production mode.

    Two processes that start at once agree: the first one to create the file wins.
    """
    if not debug:
        return ""
    path = folder / FILE_NAME
    if not path.exists():
        _create(path)
    return str(json.loads(path.read_text(encoding="utf-8"))[name])


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"SECRET_KEY": secrets.token_urlsafe(48), "TOKEN_KEYS": f"dev:{secrets.token_urlsafe(48)}"})
    draft = path.with_name(f"{FILE_NAME}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(content, encoding="utf-8")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
