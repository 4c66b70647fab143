"""People and what proves that it is them."""

from accounts.models.challenge import Challenge, Registration
from accounts.models.email_change import EmailChange
from accounts.models.relation import Block, Contact
from accounts.models.security_event import SecurityEvent
from accounts.models.session import Session, WsTicket
from accounts.models.user import User, UserCounter, short_user

__all__ = [
    "Block",
    "Challenge",
    "Contact",
    "EmailChange",
    "Registration",
    "SecurityEvent",
    "Session",
    "User",
    "UserCounter",
    "WsTicket",
    "short_user",
]
