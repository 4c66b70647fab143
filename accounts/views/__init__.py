"""The REST calls of accounts."""

from accounts.views.audit import AuditViewSet
from accounts.views.login import ChallengeViewSet, LoginViewSet, RegistrationViewSet
from accounts.views.people import MeViewSet, UserViewSet
from accounts.views.sessions import LogoutViewSet, SessionViewSet, TicketViewSet, TokenViewSet

__all__ = [
    "AuditViewSet",
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
