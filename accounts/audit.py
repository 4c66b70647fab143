"""The audit log: who did what to an account's security, when and from where (S93)."""

from uuid import UUID

from accounts.models import SecurityEvent
from chatapi.addresses import calling_address

Kind = SecurityEvent.Kind


def record(
    user_id: UUID, kind: Kind, *, session_id: UUID | None = None, detail: str = "", address: str | None = None
) -> None:
    """Writes one event, in the caller's transaction: what is rolled back did not happen.

    `detail` is for its owner to read, at most 100 characters, and never a code, a token or a password.
    `address` is that of the request under way unless it is given.
    """
    where = calling_address.get() if address is None else address
    SecurityEvent.objects.create(
        user_id=user_id, kind=kind, session_id=session_id, detail=detail[:100], address=where or None
    )
