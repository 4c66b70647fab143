"""Which history the numbers belong to."""

from django.db import models

from chatapi import ids


class Epoch(models.Model):
    """The one row that names the history. It travels with a backup; a restore has to renew it (`epoch.renew`)."""

    value = models.UUIDField(default=ids.uuid7)

    def __str__(self) -> str:
        return str(self.value)
