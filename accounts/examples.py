"""People, codes and tokens as the documents show them; a test holds every one against its schema."""

from typing import Any

Json = dict[str, Any]

ALICE: Json = {"id": "0190a2f4-7c1e-7d3a-9b51-3f2d8e6c4a10", "username": "alice", "display_name": "Alice"}
BOB: Json = {"id": "0190a2f4-8d2f-7d3a-9b51-3f2d8e6c4a10", "username": "bob", "display_name": "Bob"}
PROFILE: Json = BOB | {"about": "At the sea", "avatar_url": None, "is_contact": True, "is_blocked": False}
ME: Json = ALICE | {
    "about": "At work",
    "avatar_url": None,
    "email": "alice@example.org",
    "mobile_number": None,
    "privacy": {
        "last_seen": "everyone",
        "online": "everyone",
        "avatar": "everyone",
        "about": "everyone",
        "groups": "everyone",
        "messages": "everyone",
        "read_receipts": True,
    },
    "extra": {"theme": "dark"},
    "rev": 13,
    "created_at": "2026-01-01T09:00:00.000Z",
}

CHALLENGE_ID = "Qm5cUkV3d1p4Y2hhbGxlbmdlMTIzNDU2"
CHALLENGE: Json = {
    "challenge": CHALLENGE_ID,
    "method": "email",
    "sent_to": "a***@example.org",
    "expires_at": "2026-01-31T12:10:00.000Z",
    "resend_at": "2026-01-31T12:01:00.000Z",
}

SESSION_ID = "0190a2f4-5d1e-7d3a-9b51-3f2d8e6c4a10"
SESSION: Json = {
    "id": SESSION_ID,
    "device_name": "Alice's phone",
    "address": "203.0.113.7",
    "created_at": "2026-01-31T12:00:00.000Z",
    "last_used_at": "2026-01-31T12:30:00.000Z",
    "current": True,
}
SECURITY_EVENT: Json = {
    "id": "0190a2f4-6e1e-7d3a-9b51-3f2d8e6c4a10",
    "kind": "logged_in",
    "at": "2026-01-31T12:00:00.000Z",
    "address": "203.0.113.7",
    "session": SESSION_ID,
    "detail": "Alice's phone",
}
REFRESH = f"rt.2026a.{SESSION_ID}.3.kJ4..."
TOKENS: Json = {
    "access": "eyJhbGciOiJIUzI1NiIsImtpZCI6IjIwMjZhIn0.eyJzdWIi...",
    "access_expires_at": "2026-01-31T12:10:00.000Z",
    "refresh": f"rt.2026a.{SESSION_ID}.4.pW8...",
    "refresh_expires_at": "2026-02-14T12:00:00.000Z",
    "session": SESSION_ID,
}
LOGGED_IN: Json = TOKENS | {"user": ME}
TICKET: Json = {"ticket": "b3BlbnMtb25lLXNvY2tldC1vbmNlLi4u", "expires_at": "2026-01-31T12:01:00.000Z"}
