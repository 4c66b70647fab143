"""One process that serves the page, REST and sockets from one address, as behind a web server."""

import os
import sys

from tests.end_to_end.site import ROOT, Site, own_database
from tests.servers import free_port, redis_server


class OneProcess(Site):
    """`manage.py up`, on SQLite and memory or on PostgreSQL and Redis."""

    def prepare(self) -> None:
        port = free_port()
        self.rest = f"http://127.0.0.1:{port}"
        self.sockets = [self.rest]
        self.environment["DATABASE_URL"] = f"sqlite:///{self.folder / 'chat.sqlite3'}"
        if os.environ.get("DATABASE_URL", "").startswith("postgres"):
            self.redis = self._cleanup.enter_context(redis_server())
            database = self._cleanup.enter_context(own_database(os.environ["DATABASE_URL"]))
            self.environment |= {"DATABASE_URL": database, "REDIS_URL": self.redis.url}
        self.add("up", sys.executable, str(ROOT / "manage.py"), "up", "--port", str(port))
