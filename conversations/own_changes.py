"""What only one user sees or owns, as frames in the order of their `me` numbers."""

from typing import Any

from accounts.models import User
from accounts.own_frames import chained, own_frames
from chatapi.realtime.frames import frame_json
from conversations.listing import own_rooms, rooms_json
from conversations.models import Membership


def own_changes(user: User, since: int, *, top: int, limit: int) -> list[dict[str, Any]]:
    """The rows of the user's own that changed after `since`, once, as they are now; at most `limit`.

    `conversation.created` and `conversation.updated` carry the room as the user sees it, `user.updated` the profile,
    `contact.updated` somebody they saved.
    `prev` is the number before, as with `rev`. `top` is the user's counter, read before: what is newer is left for
    the next time, because the rows are read by several statements.
    """
    memberships = list(own_rooms(user).filter(me_rev__gt=since, me_rev__lte=top).order_by("me_rev")[:limit])
    frames = [
        frame_json(_kind(membership, since), room, me=membership.me_rev)
        for membership, room in zip(memberships, rooms_json(memberships), strict=True)
    ]
    frames += own_frames(User.objects.get(pk=user.pk), since, top=top, limit=limit)
    frames.sort(key=lambda frame: frame["me"])
    return chained(frames[:limit], since)


def _kind(membership: Membership, since: int) -> str:
    return "conversation.created" if membership.joined_me > since else "conversation.updated"
