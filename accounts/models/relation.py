"""What people keep about other people: nothing of it is anybody else's business."""

from typing import ClassVar, TypeVar

from django.db import models
from django.db.models import BooleanField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, NullIf

from accounts.models.folded_field import FoldedField
from accounts.models.user import User
from chatapi import ids, times

MAX_NICKNAME = 64

R = TypeVar("R", bound="Relation", covariant=True)


class RelationQuerySet(models.QuerySet[R]):
    """The rows of one owner, and of two people."""

    def of(self, owner: User) -> "RelationQuerySet[R]":
        """Everything that the owner keeps, with whom it is about; also what they have taken back."""
        return self.filter(owner=owner).select_related("person")

    def live(self) -> "RelationQuerySet[R]":
        """Without what was taken back."""
        return self.filter(deleted_at__isnull=True)


class Relation(models.Model):
    """One person kept by another. Taken back, it stays as a tombstone, so that other devices learn of it."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    """Every kind has an index that begins with it."""
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=times.now)
    """When it was made; again, when it was made again."""
    deleted_at = models.DateTimeField(null=True, blank=True)
    me_rev = models.BigIntegerField(default=0)
    """The owner's `me` at which it last changed."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.person_id}"


class ContactQuerySet(RelationQuerySet["Contact"]):
    """Contacts as their owner lists them."""

    def by_name(self) -> "ContactQuerySet":
        """With `sort_name`: the name that the owner sees, and behind it one that is unique."""
        text = models.CharField()
        names = [NullIf(name, Value(""), output_field=text) for name in ("nickname_key", "person__display_name_key")]
        shown = Coalesce(*names, "person__username_key", output_field=text)
        return self.annotate(sort_name=Concat(shown, Value(" "), F("person__username_key"), output_field=text))


class Contact(Relation):
    """Somebody whom a person saved: what `contacts` means wherever privacy asks for it."""

    nickname = models.CharField(max_length=MAX_NICKNAME, blank=True)
    """What the owner calls them; empty: their own name is shown."""
    nickname_key = FoldedField(max_length=3 * MAX_NICKNAME, source="nickname", editable=False, blank=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "person"], name="accounts_contact_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner", "me_rev"], name="accounts_contact_me"),
        ]


class Block(Relation):
    """Somebody whom a person does not want to hear from; the other one is not told."""

    objects = RelationQuerySet["Block"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "person"], name="accounts_block_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owner", "me_rev"], name="accounts_block_me"),
        ]


def kept_by(relation: type[Relation], viewer: User) -> Exists:
    """Whether the viewer keeps such a relation to the person of a row of `User`."""
    rows: QuerySet[Relation] = relation._default_manager.filter(
        owner=viewer, person=OuterRef("pk"), deleted_at__isnull=True
    )
    return Exists(rows, output_field=BooleanField())


def as_seen_by(viewer: User, people: QuerySet[User]) -> QuerySet[User]:
    """People with what their profile says to the viewer: `is_contact`, and `is_blocked` by the viewer.

    And with `has_saved`: whether they count the viewer among their own contacts.
    """
    saved = Contact.objects.live().filter(owner=OuterRef("pk"), person=viewer)
    return people.annotate(
        is_contact=kept_by(Contact, viewer), is_blocked=kept_by(Block, viewer), has_saved=Exists(saved)
    )
