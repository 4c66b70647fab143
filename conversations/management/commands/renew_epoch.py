"""`manage.py renew_epoch`: begins a new history, once after a backup was restored."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations.epoch import FRESH_SECONDS, renew_epoch


class Command(BaseCommand):
    """Renews the epoch and says what follows from it."""

    help = "After restoring a backup: begins a new epoch, so that every client takes its rooms anew."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"The epoch is {renew_epoch()}.")
        self.stdout.write(
            f"Running servers know it within {FRESH_SECONDS:.0f} seconds. Clients will take their rooms anew: "
            "those on a socket at the next heartbeat, the others when they come back."
        )
