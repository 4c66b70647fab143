"""Which history the numbers belong to."""

from django.db import models

from chatapi import ids


class Epoch(models.Model):
    """The one row that names the history. It travels with a backup: restoring one calls for `manage.py renew_epoch`."""

    value = models.UUIDField(default=ids.uuid7)

    def __str__(self) -> str:
        return str(self.value)
