"""What sync makes of a device's rooms."""

from typing import Any

import httpx

from chatclient import Chat, Session

ROOM = {"room_name": "den", "seq": 30, "last_activity_at": "", "last_message": None}
MY = {"last_read_seq": 0, "unread_count": 30, "first_visible_seq": 1, "pinned_at": None}
ENTRY = {"room": ROOM | {"my": MY}, "rev": 30, "marks": 0, "changes": [], "receipts": [], "limited": True}
PAGE = {"epoch": "e", "badge": 30, "me": {"rev": 1, "changes": []}, "rooms": {"den": ENTRY}, "left": [], "next": None}


def chat(while_asking: Any) -> Chat:
    """A chat whose server answers with that page; something may happen while it is asked."""

    def answer(_: httpx.Request) -> httpx.Response:
        while_asking()
        return httpx.Response(200, json=PAGE | {"reset": False})

    session = Session("s", "access", "refresh", {"id": "me"})
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Chat("http://chat.example.org", session=session, http=http)


async def test_a_room_that_is_new_to_the_device_begins_where_the_answer_says() -> None:
    async with chat(lambda: None) as device:
        await device.sync()
        assert (device.rooms["den"].rev, device.rooms["den"].unread_count) == (30, 30)


async def test_a_room_that_a_frame_began_while_sync_was_asked_goes_on_from_there() -> None:
    """It keeps what the socket brought: beginning again would forget it."""

    def frame_arrives() -> None:
        store = device.store("den")
        store.begin(epoch="e", rev=28, marks=0)
        message = {"id": "m29", "seq": 29, "rev": 29, "sender": {"id": "bob"}, "kind": "text", "deleted_at": None}
        store.apply({"type": "message.created", "rev": 29, "prev": 28, "data": message})

    device = chat(frame_arrives)
    async with device:
        await device.sync()
        assert (device.rooms["den"].rev, list(device.rooms["den"].messages)) == (29, ["m29"])
