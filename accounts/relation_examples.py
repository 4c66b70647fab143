"""Contacts and blocks as the documents show them; a test holds every one against its schema."""

from accounts.examples import BOB, Json

CONTACT: Json = {
    "user": BOB,
    "nickname": "Bobby",
    "rev": 14,
    "created_at": "2026-01-31T12:00:00.000Z",
    "deleted_at": None,
}
BLOCK: Json = {
    "user": {"id": "0190a2f4-9e40-7d3a-9b51-3f2d8e6c4a10", "username": "mallory", "display_name": "Mallory"},
    "rev": 15,
    "created_at": "2026-01-31T12:00:00.000Z",
    "deleted_at": None,
}
MATCHES: Json = {"matches": [{"given": "Bob@example.org", "user": BOB, "is_contact": False}]}
