"""The REST calls of accounts."""

from accounts.views.audit import AuditViewSet
from accounts.views.contacts import ContactViewSet
from accounts.views.deletion import DeletionViewSet
from accounts.views.email import EmailUndoViewSet, EmailViewSet
from accounts.views.login import ChallengeViewSet, LoginViewSet, RegistrationViewSet
from accounts.views.mobile import MobileViewSet
from accounts.views.passwords import ForgottenPasswordViewSet, PasswordViewSet
from accounts.views.people import MeViewSet, UserViewSet
from accounts.views.sessions import LogoutViewSet, SessionViewSet, TicketViewSet, TokenViewSet

__all__ = [
    "AuditViewSet",
    "ChallengeViewSet",
    "ContactViewSet",
    "DeletionViewSet",
    "EmailUndoViewSet",
    "EmailViewSet",
    "ForgottenPasswordViewSet",
    "LoginViewSet",
    "LogoutViewSet",
    "MeViewSet",
    "MobileViewSet",
    "PasswordViewSet",
    "RegistrationViewSet",
    "SessionViewSet",
    "TicketViewSet",
    "TokenViewSet",
    "UserViewSet",
]
