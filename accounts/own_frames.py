"""What is a person's own and not about a room, as frames with their `me` numbers."""

from typing import Any

from accounts.models import Block, Contact, User
from accounts.relation_serializers import BlockSerializer, ContactSerializer
from accounts.serializers import MeSerializer
from chatapi.realtime.frames import frame_json


def own_frames(user: User, since: int, *, top: int, limit: int) -> list[dict[str, Any]]:
    """The profile, and the contacts and blocks that changed after `since` and up to `top`, in order; at most `limit`.

    `user` as stored now. No query where no contact and no block changed.
    """
    frames = [profile_frame(user)] if since < user.me_rev <= top else []
    if user.people_rev > since:
        span = {"me_rev__gt": since, "me_rev__lte": top}
        frames += [contact_frame(row) for row in Contact.objects.of(user).filter(**span).order_by("me_rev")[:limit]]
        frames += [block_frame(row) for row in Block.objects.of(user).filter(**span).order_by("me_rev")[:limit]]
    return sorted(frames, key=lambda frame: int(frame["me"]))[:limit]


def chained(frames: list[dict[str, Any]], since: int) -> list[dict[str, Any]]:
    """The same frames, each with the number of the one before as `prev`."""
    for frame, prev in zip(frames, [since, *(frame["me"] for frame in frames)], strict=False):
        frame["prev"] = prev
    return frames


def profile_frame(user: User) -> dict[str, Any]:
    """`user.updated`: the user's own profile."""
    return frame_json("user.updated", dict(MeSerializer(user).data), me=user.me_rev)


def contact_frame(contact: Contact) -> dict[str, Any]:
    """`contact.updated`: somebody was saved, renamed or taken back."""
    return frame_json("contact.updated", dict(ContactSerializer(contact).data), me=contact.me_rev)


def block_frame(block: Block) -> dict[str, Any]:
    """`block.updated`: somebody was blocked, or no longer."""
    return frame_json("block.updated", dict(BlockSerializer(block).data), me=block.me_rev)
