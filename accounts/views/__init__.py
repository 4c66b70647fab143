"""The REST calls of accounts."""

from accounts.views.login import ChallengeViewSet, LoginViewSet, RegistrationViewSet
from accounts.views.people import MeViewSet, UserViewSet
from accounts.views.sessions import LogoutViewSet, SessionViewSet, TicketViewSet, TokenViewSet

__all__ = [
    "ChallengeViewSet",
    "LoginViewSet",
    "LogoutViewSet",
    "MeViewSet",
    "RegistrationViewSet",
    "SessionViewSet",
    "TicketViewSet",
    "TokenViewSet",
    "UserViewSet",
]
