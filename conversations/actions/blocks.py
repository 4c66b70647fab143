"""Blocking somebody, as far as it concerns the room of the two."""

from accounts.actions.blocks import save_block
from accounts.models import Block, User
from chatapi.transactions import write_transaction
from conversations.locks import lock_heads
from conversations.models import Room
from conversations.models.room import direct_key


def block_person(*, user: User, person: User) -> tuple[Block, bool]:
    """As `save_block`, under the lock of the direct room: no message there has a number taken after the block.

    A send under way is stored before it or meets it.
    """
    with write_transaction():
        lock_heads(Room.objects.filter(direct_key=direct_key(user.pk, person.pk)).values_list("pk", flat=True))
        return save_block(user=user, person=person)
