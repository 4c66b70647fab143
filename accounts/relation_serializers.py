"""What is read and shown about contacts and blocks."""

from typing import Any

from rest_framework import serializers

from accounts.fields import AddressField, MobileNumberField, NameField
from accounts.models.relation import MAX_NICKNAME
from accounts.serializers import UserSerializer
from chatapi.limits import limits
from chatapi.rest import MomentField, StrictSerializer

_NICKNAME = "What the caller calls them; empty: their own name is shown."


class WrittenAddressField(AddressField):
    """An address as (its canonical form, as it was written)."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data), str(data)

    def run_validators(self, value: Any) -> None:
        """The validators look at the canonical form."""
        super().run_validators(value[0])


class ContactInput(StrictSerializer):
    """Somebody to save."""

    user = serializers.CharField(max_length=64, help_text="An id or a username.")
    nickname = NameField(max_length=MAX_NICKNAME, help_text=_NICKNAME)


class NicknameInput(StrictSerializer):
    """Another name for a contact."""

    nickname = NameField(max_length=MAX_NICKNAME, help_text=_NICKNAME)


class ImportInput(StrictSerializer):
    """An address book, or a part of it."""

    emails = serializers.ListField(
        child=WrittenAddressField(), max_length=limits().import_entries, default=list, help_text="Email addresses."
    )
    mobile_numbers = serializers.ListField(
        child=MobileNumberField(), max_length=limits().import_entries, default=list, help_text="Numbers in E.164."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs["emails"]) + len(attrs["mobile_numbers"]) > limits().import_entries:
            raise serializers.ValidationError(f"At most {limits().import_entries} at once.", code="max_length")
        return attrs


class RelationSerializer(serializers.Serializer[Any]):
    """Somebody whom the caller keeps."""

    user = UserSerializer(source="person", help_text="Who.")
    rev = serializers.IntegerField(source="me_rev", help_text="The `me` number of its latest change.")
    created_at = MomentField(help_text="When it was made.")
    deleted_at = MomentField(allow_null=True, help_text="When it was taken back; null while it holds.")


class ContactSerializer(RelationSerializer):
    """Somebody whom the caller has saved."""

    nickname = serializers.CharField(allow_blank=True, help_text=_NICKNAME)


class BlockInput(StrictSerializer):
    """Somebody to block."""

    user = serializers.CharField(max_length=64, help_text="An id or a username.")


class BlockSerializer(RelationSerializer):
    """Somebody whom the caller has blocked."""


class MatchSerializer(serializers.Serializer[Any]):
    """An address or number that somebody has."""

    given = serializers.CharField(help_text="The address or number, as the caller wrote it.")
    user = UserSerializer(source="person", help_text="Whose it is.")
    is_contact = serializers.BooleanField(help_text="Whether the caller has saved them.")


class MatchesSerializer(serializers.Serializer[Any]):
    """What an address book and this server have in common."""

    matches = MatchSerializer(many=True, help_text="In the order given; others are not here, for whatever reason.")
