"""A column that follows another one."""

from typing import Any

from django.db import models

from accounts.identifiers import folded


class FoldedField(models.CharField[str, str]):
    """The search form of the column `source`, written whenever the row is; so it can be indexed on every database.

    A `save(update_fields=...)` that names `source` must name this field too.
    """

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        self.source = source
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Computes the value from `source`; `bulk_create` comes through here as well."""
        # Compatibility characters can fold to many; a search never asks for that much.
        value = folded(getattr(model_instance, self.source))[: self.max_length]
        setattr(model_instance, self.attname, value)
        return value
