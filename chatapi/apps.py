"""The shared ground of all apps."""

from django.apps import AppConfig


class ChatapiConfig(AppConfig):
    """Registers the checks and the parts of the documents."""

    name = "chatapi"

    def ready(self) -> None:
        from chatapi import checks, security_schemes  # noqa: F401 - importing registers them
