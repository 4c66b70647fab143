"""What a store lacks, taken over REST."""

from typing import Any

from chatclient.api import Api
from chatclient.store import RoomStore

Json = dict[str, Any]


async def take_changes(api: Api, store: RoomStore) -> None:
    """Everything between the store's cursor and the head; in another history the store begins anew, unfilled."""
    complete = False
    while not complete:
        since = {"since": store.rev or 0, "marks": store.marks, "epoch": store.epoch}
        answer = await api.get(f"{store.path}changes/", **since)
        if answer.get("reset"):
            room = await api.get(store.path)
            store.begin(epoch=answer["epoch"], rev=room["rev"], marks=room["marks"])
            store.take_room(room)
            return
        complete = store.catch_up(answer)


async def take_newest(api: Api, store: RoomStore) -> None:
    """The newest page of messages and everybody's marks: what a screen begins with."""
    await take_page(api, store)
    store.take_receipts(await api.get(f"{store.path}receipts/"))
    store.is_filled = True


async def take_page(api: Api, store: RoomStore, before: int | None = None, limit: int = 50) -> None:
    """A page of messages: the newest, or those before a place."""
    page = await api.get(f"{store.path}messages/", before=before, limit=limit)
    for message in page["results"]:
        store.put(message)
