"""The app of people: users, sessions, tokens and codes."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the checks of the token keys."""

    name = "accounts"

    def ready(self) -> None:
        from accounts import checks  # noqa: F401 - importing registers them, and settings must be ready
