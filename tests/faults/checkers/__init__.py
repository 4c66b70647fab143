"""Pure functions from what happened to what was wrong with it, one for each invariant (docs/hardening.md)."""

from collections.abc import Callable

from tests.faults.checkers import delivery, sends, standing
from tests.faults.checkers.record import Record

Checker = Callable[[Record], list[str]]

CHECKERS: dict[str, Checker] = {
    "I1": sends.answered_is_stored,
    "I2": sends.nothing_unexpected,
    "I3": sends.one_message_per_send,
    "I4": sends.places_are_dense,
    "I5": delivery.one_order_live,
    "I6": sends.order_is_kept,
    "I7": sends.own_writes_are_read,
    "I8": delivery.everybody_has_everything,
    "I9": delivery.gaps_need_no_reload,
    "I11": standing.counts_are_the_rows,
    "I12": delivery.nothing_after_the_end,
    "I13": delivery.nothing_foreign,
    "I14": standing.nothing_is_left_behind,
    "I15": standing.no_unforeseen_error,
    "I17": delivery.ends_as_a_fresh_look,
}


def violations(record: Record) -> dict[str, list[str]]:
    """By invariant: what broke it. Empty when everything held."""
    found = {name: check(record) for name, check in CHECKERS.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


def described(found: dict[str, list[str]], most: int = 3) -> str:
    """The first few of each, to be read by people."""
    lines = [f"{name}: {len(wrong)}, like {example[:600]}" for name, wrong in found.items() for example in wrong[:most]]
    return "\n".join(lines)


__all__ = ["CHECKERS", "Record", "described", "violations"]
