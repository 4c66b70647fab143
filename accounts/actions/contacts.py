"""Contacts: the people somebody has saved. Each change takes a number of its owner's and tells nobody else."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Q

from accounts.actions.relations import keep, own_row, take_back
from accounts.between import lets_write
from accounts.counters import lock_me
from accounts.models import Contact, User
from accounts.models.relation import as_seen_by
from chatapi.errors import InvalidInput
from chatapi.limits import limits
from chatapi.transactions import write_transaction


def save_contact(*, user: User, person: User, nickname: str | None = None) -> tuple[Contact, bool]:
    """The user's contact, and whether it is new; a nickname that is given is set, None leaves it as it is.

    Raises InvalidInput for oneself and LimitReached above `limits.contacts`.
    """
    if person == user:
        raise InvalidInput.field("user", "oneself", "Nobody is their own contact.")
    with write_transaction():
        lock_me(user.pk)
        contact = Contact.objects.of(user).filter(person=person).first() or Contact(owner=user, person=person)
        is_new = contact._state.adding or contact.deleted_at is not None
        wished = nickname if nickname is not None else "" if is_new else contact.nickname
        if is_new or wished != contact.nickname:
            contact.nickname = wished
            keep(contact, maximum=limits().contacts)
    return contact, is_new


def rename_contact(*, user: User, reference: str, nickname: str | None) -> Contact:
    """Sets what the user calls a contact, by the person's id or username; None changes nothing. Raises NotFound."""
    with write_transaction():
        lock_me(user.pk)
        contact = own_row(Contact, user, reference)
        if nickname is not None and contact.nickname != nickname:
            contact.nickname = nickname
            keep(contact, maximum=limits().contacts)
    return contact


def remove_contact(*, user: User, reference: str) -> None:
    """Takes a contact back, by the person's id or username; the nickname is forgotten. Raises NotFound."""
    with write_transaction():
        lock_me(user.pk)
        contact = own_row(Contact, user, reference)
        contact.nickname = ""
        take_back(contact)


def match_contacts(*, user: User, emails: Mapping[str, str], numbers: Collection[str]) -> list[dict[str, Any]]:
    """Who has these addresses or proven numbers: `{given, user, is_contact}` in the order given; one query.

    `emails` are in canonical form, to what the caller wrote. Never the caller themselves, and nobody who lets the
    caller not write to them.
    """
    theirs = Q(email__in=list(emails)) | Q(mobile_number__in=list(numbers), mobile_verified_at__isnull=False)
    people = User.objects.get_queryset().active().filter(theirs).exclude(pk=user.pk)
    found = {}
    for person in as_seen_by(user, people.filter(lets_write(user.pk))):
        found[person.email] = person
        if person.mobile_verified_at is not None:
            found[person.mobile_number] = person
    wanted = [(written, email) for email, written in emails.items()] + [(number, number) for number in numbers]
    return [
        {"given": written, "person": found[key], "is_contact": found[key].is_contact}  # type: ignore[attr-defined]
        for written, key in wanted
        if key in found
    ]
