"""Everything of one user on one socket: new rooms, own settings of other devices, and what was missed."""

import asyncio

from tests.end_to_end.people import Device, another_device, persons, soon, texts
from tests.end_to_end.site import Site


async def test_all_rooms_on_one_socket(site: Site) -> None:
    alice, bob, carol = persons(site, "alice", "bob", "carol")
    known, unknown = site.shell.call("group", members=names(alice, bob)), ""
    async with Device(site, alice) as phone, Device(site, bob, process=1) as bobs, Device(site, carol) as carols:
        async with phone.inbox() as inbox:
            await inbox.connected()
            assert list(phone.rooms) == [known]

            await bobs.send(known, "in the group")
            unknown = (await carols.open_direct(phone.name)).name
            await carols.send(unknown, "hello from Carol")
            await soon(lambda: set(phone.rooms) == {known, unknown}, "both rooms")
            await soon(lambda: texts(phone.rooms[unknown].history) == ["hello from Carol"], "the first message")
            await soon(lambda: texts(phone.rooms[known].history) == ["in the group"], "the group's message")

            room = inbox.room(unknown)
            sent = await room.send("hello Carol")
            assert sent["seq"] == 2
            room.read()
            await soon(lambda: room.store.room["my"]["unread_count"] == 0, "the badge of the room")

            async with Device(site, another_device(site, alice)) as laptop:
                await laptop.api.call("PATCH", f"conversations/{known}/", {"pinned": True})
            await soon(lambda: phone.rooms[known].room["my"]["pinned_at"] is not None, "the other device's pin")
            assert phone.room_list[0].name == known
            before = inbox.link.connections
        site.shell.call("say", room=known, sender=bobs.name, texts=[f"message {n}" for n in range(1_200)])
        async with Device(site, another_device(site, bob)) as laptop:
            await laptop.send(unknown := (await laptop.open_direct(phone.name)).name, "a new room")
        phone.calls.clear()
        async with phone.inbox() as inbox:
            await inbox.connected()
            assert texts(phone.rooms[known].history) == ["in the group", *(f"message {n}" for n in range(1_200))]
            assert texts(phone.rooms[unknown].history) == ["a new room"]
            assert phone.calls["GET messages"] == 0
            assert (before, inbox.link.connections) == (1, 1)


async def test_the_first_sends_into_a_room_keep_their_order(site: Site) -> None:
    """I6: also where the process has to look for the room first."""
    alice, bob = persons(site, "alice", "bob")
    rooms = [site.shell.call("group", members=names(alice, bob)) for _ in range(20)]
    async with Device(site, alice) as phone, phone.inbox() as inbox:
        await inbox.connected()
        for room in rooms:
            sends = [inbox.link.ask("message.send", {"text": str(number)}, room) for number in range(8)]
            sent = await asyncio.gather(*sends)
            assert [message["seq"] for message in sent] == list(range(1, 9))


def names(*sessions: object) -> list[str]:
    return [session.user["username"] for session in sessions]  # type: ignore[attr-defined]
