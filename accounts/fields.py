"""Fields of requests that have a rule of their own."""

import unicodedata
from typing import Any

from rest_framework import serializers

from accounts.identifiers import (
    MAX_DISPLAY_NAME,
    MAX_EMAIL,
    MOBILE_NUMBER,
    USERNAME,
    canonical_email,
    canonical_number,
    clean_display_name,
)
from chatapi import json
from chatapi.limits import limits

MAX_PASSWORD = 128
MAX_ABOUT = 140
MAX_DEVICE_NAME = 100


class UsernameField(serializers.RegexField):
    """3 to 30 ASCII letters, digits, `_` and `.`: nothing that looks like something else."""

    default_error_messages = {"invalid": "Give 3 to 30 letters from a to z, digits, underscores and dots."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(f"^{USERNAME.pattern}$", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data))


class AddressField(serializers.EmailField):
    """An email address, brought into the form in which it is stored; the validators see that form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_EMAIL, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        try:
            return canonical_email(super().to_internal_value(data))
        except ValueError:
            return self.fail("invalid")


class MobileNumberField(serializers.RegexField):
    """A number in E.164, like `+4915112345678`; spaces and dashes do not matter."""

    default_error_messages = {"invalid": "Give the number with + and country code."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(f"^{MOBILE_NUMBER.pattern}$", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        try:
            return canonical_number(str(super().to_internal_value(data)))
        except ValueError:
            return self.fail("invalid")


class PasswordField(serializers.CharField):
    """A password, taken as it is: neither trimmed nor normalised (S14)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD, trim_whitespace=False, write_only=True, **kwargs)


class NameField(serializers.CharField):
    """One line for people to read, without characters that cannot be seen or that turn the text around."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_blank=True, required=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return clean_display_name(super().to_internal_value(data))


class DisplayNameField(NameField):
    """The name that others see; empty: the username is shown."""

    def __init__(self) -> None:
        super().__init__(max_length=MAX_DISPLAY_NAME, help_text="The name others see; empty: the username is shown.")


class CodeField(serializers.CharField):
    """A one-time code; the spaces that people type into it do not matter, nor in which script its digits are."""

    def __init__(self) -> None:
        super().__init__(max_length=32, help_text="The digits from the mail.")

    def to_internal_value(self, data: Any) -> str:
        return "".join(unicodedata.normalize("NFKC", super().to_internal_value(data)).split())


class ExtraField(serializers.DictField):
    """The app's own data: any JSON object, up to `limits.extra_bytes` in UTF-8."""

    default_error_messages = {"too_large": "This is {size} bytes of JSON; {limit} are allowed."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        value: dict[str, Any] = super().to_internal_value(data)
        size, limit = len(json.dump_bytes(value)), limits().extra_bytes
        if size > limit:
            self.fail("too_large", size=size, limit=limit)
        return value
