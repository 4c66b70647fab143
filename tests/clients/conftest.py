"""The JavaScript client's tests start servers of their own, so they run once: in sqlite mode."""

import os

collect_ignore = ["test_javascript.py"] if os.environ.get("REDIS_URL") else []
