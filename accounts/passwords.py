"""Which passwords are taken (S14)."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User
from chatapi.errors import InvalidInput


def check_new_password(password: str, user: User) -> None:
    """Raises InvalidInput (`new_password`) for one that is too short, common, or like the names of its user."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        faults = [
            {"field": "new_password", "code": e.code or "invalid", "message": str(e.messages[0])}
            for e in error.error_list
        ]
        raise InvalidInput(errors=faults) from None
