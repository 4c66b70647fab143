"""JSON Web Tokens."""

from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed


def token_of(user: User) -> str:
    return jwt.encode({"sub": str(user.pk)}, settings.SECRET_KEY, "HS256")


def user_of(token: str) -> User:
    """Raises jwt.InvalidTokenError or User.DoesNotExist."""
    claims = jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])
    return User.objects.get(pk=claims["sub"], is_active=True)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Any) -> tuple[User, None]:
        try:
            return user_of(request.headers.get("Authorization", "").removeprefix("Bearer ")), None
        except (jwt.InvalidTokenError, User.DoesNotExist):
            raise AuthenticationFailed from None
