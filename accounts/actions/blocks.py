"""Blocks: whom somebody does not want to hear from. The other one is not told."""

from accounts.actions.relations import keep, own_row, take_back
from accounts.counters import lock_me
from accounts.models import Block, User
from chatapi.errors import InvalidInput
from chatapi.limits import limits
from chatapi.transactions import write_transaction


def save_block(*, user: User, person: User) -> tuple[Block, bool]:
    """The user's block of that person, and whether it is new.

    Raises InvalidInput for oneself and LimitReached above `limits.blocks`.
    """
    if person == user:
        raise InvalidInput.field("user", "oneself", "Nobody can block themselves.")
    with write_transaction():
        lock_me(user.pk)
        block = Block.objects.of(user).filter(person=person).first() or Block(owner=user, person=person)
        is_new = block._state.adding or block.deleted_at is not None
        if is_new:
            keep(block, maximum=limits().blocks)
    return block, is_new


def remove_block(*, user: User, reference: str) -> None:
    """Takes a block back, by the person's id or username. Raises NotFound."""
    with write_transaction():
        lock_me(user.pk)
        take_back(own_row(Block, user, reference))
