"""What accounts reads and shows."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from accounts.fields import (
    MAX_ABOUT,
    MAX_DEVICE_NAME,
    AddressField,
    CodeField,
    DisplayNameField,
    ExtraField,
    MobileNumberField,
    NameField,
    PasswordField,
    UsernameField,
)
from accounts.identifiers import MAX_EMAIL
from accounts.models import SecurityEvent, User
from accounts.models.user import Audience
from chatapi.rest import MomentField, StrictSerializer


class RegisterInput(StrictSerializer):
    """A wished account."""

    username = UsernameField(help_text="Unique, whatever its case.")
    email = AddressField(help_text="Where the code goes.")
    password = PasswordField(help_text="8 to 128 characters, any; common ones are refused.")
    mobile_number = MobileNumberField(required=False, help_text="E.164. Not a login name before it is verified.")
    display_name = DisplayNameField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        names = {name: attrs.get(name, "") for name in ("username", "email", "display_name")}
        try:
            validate_password(attrs["password"], User(**names))
        except ValidationError as error:
            reasons = [serializers.ErrorDetail(str(e.messages[0]), e.code or "invalid") for e in error.error_list]
            raise serializers.ValidationError({"password": reasons}) from None
        return {"mobile_number": "", "display_name": ""} | attrs


class LoginInput(StrictSerializer):
    """Who, and the proof of it."""

    login = serializers.CharField(max_length=MAX_EMAIL, help_text="Email, username or verified mobile number.")
    password = PasswordField(help_text="The account's password.")


class VerifyInput(StrictSerializer):
    """The code of a challenge."""

    challenge = serializers.CharField(max_length=64, help_text="As answered by register or login.")
    code = CodeField()
    device_name = NameField(max_length=MAX_DEVICE_NAME, default="", help_text="How the list of sessions calls it.")


class ResendInput(StrictSerializer):
    """The challenge that wants another code."""

    challenge = serializers.CharField(max_length=64, help_text="As answered when the code was asked for.")


class RefreshInput(StrictSerializer):
    """The refresh token."""

    refresh = serializers.CharField(max_length=2_048, help_text="The refresh token of the present pair.")


class PrivacyInput(StrictSerializer):
    """Who may see what, as far as it is to change."""

    last_seen = serializers.ChoiceField(Audience.choices, required=False, help_text="Who sees when I was last there.")
    online = serializers.ChoiceField(Audience.choices, required=False, help_text="Who sees that I am online.")
    avatar = serializers.ChoiceField(Audience.choices, required=False, help_text="Who sees my picture.")
    about = serializers.ChoiceField(Audience.choices, required=False, help_text="Who sees my line about myself.")
    groups = serializers.ChoiceField(Audience.choices, required=False, help_text="Who may add me to groups.")
    messages = serializers.ChoiceField(Audience.choices, required=False, help_text="Who may write to me.")
    read_receipts = serializers.BooleanField(required=False, help_text="Whether receipts are shown, in both ways.")


class MeInput(StrictSerializer):
    """What a person may change about themselves at once."""

    display_name = DisplayNameField()
    about = NameField(max_length=MAX_ABOUT, help_text="A line about oneself.")
    extra = ExtraField(required=False, help_text="The app's own data, replaced as a whole.")
    privacy = PrivacyInput(required=False, help_text="Who may see what; only what is given changes.")


class SearchInput(serializers.Serializer[Any]):
    """The query of a search for people."""

    search = serializers.CharField(
        min_length=2, max_length=100, help_text="Start of a username or display name, or a whole address or number."
    )


class ChallengeSerializer(serializers.Serializer[Any]):
    """A code that was sent."""

    challenge = serializers.CharField(source="pk", help_text="Opaque; give it back with the code.")
    method = serializers.ChoiceField(choices=["email", "sms"], help_text="How the code travels.")
    sent_to = serializers.CharField(help_text="Masked.")
    expires_at = MomentField(help_text="Until then the code can be used.")
    resend_at = MomentField(help_text="From then on another code may be asked for.")


class PrivacySerializer(serializers.Serializer[Any]):
    """Who may see what."""

    last_seen = serializers.CharField(help_text="Who sees when I was last there: everyone, contacts or nobody.")
    online = serializers.CharField(help_text="Who sees that I am online.")
    avatar = serializers.CharField(help_text="Who sees my picture.")
    about = serializers.CharField(help_text="Who sees my line about myself.")
    groups = serializers.CharField(help_text="Who may add me to groups.")
    messages = serializers.CharField(help_text="Who may write to me.")
    read_receipts = serializers.BooleanField(help_text="Whether others see what I have read, and I what they have.")


class UserSerializer(serializers.Serializer[Any]):
    """`user` in every answer."""

    id = serializers.UUIDField(source="pk", help_text="Stable id.")
    username = serializers.CharField(help_text="Unique name.")
    display_name = serializers.CharField(source="shown_name", help_text="The name to show.")


class ProfileSerializer(UserSerializer):
    """What others see of a person."""

    about = serializers.CharField(help_text="A line about the person.")
    avatar_url = serializers.CharField(allow_null=True, help_text="The picture to show.")


class PersonSerializer(ProfileSerializer):
    """Another person, as the caller may see them (`as_seen_by`)."""

    about = serializers.SerializerMethodField(
        help_text="A line about the person; empty where there is none or it is not for the caller."
    )  # type: ignore[assignment]  # text, all the same
    is_contact = serializers.BooleanField(help_text="Whether the caller has saved them.")
    is_blocked = serializers.BooleanField(help_text="Whether the caller has blocked them; not the other way round.")

    def get_about(self, user: User) -> str:
        """The line, for those whom the person shows it to."""
        choice = user.choice("about")
        is_shown = choice == Audience.EVERYONE or (choice == Audience.CONTACTS and bool(getattr(user, "has_saved", 0)))
        return user.about if is_shown else ""


class MeSerializer(ProfileSerializer):
    """What a person sees of themselves."""

    email = serializers.CharField(help_text="The proven address.")
    mobile_number = serializers.SerializerMethodField(help_text="Null where there is none.")
    privacy = PrivacySerializer(help_text="Who may see what.")
    extra = serializers.DictField(help_text="The app's own data.")
    rev = serializers.IntegerField(source="me_rev", help_text="The `me` number of the latest change.")
    created_at = MomentField(help_text="When the account was made.")

    def get_mobile_number(self, user: User) -> str | None:
        """The number, verified or not."""
        return user.mobile_number or None


class TokenPairSerializer(serializers.Serializer[Any]):
    """What a client keeps of a session."""

    access = serializers.CharField(help_text="For `Authorization: Bearer`.")
    access_expires_at = MomentField(help_text="Refresh before that.")
    refresh = serializers.CharField(help_text="Good for one refresh.")
    refresh_expires_at = MomentField(help_text="When the session runs out unless it is used before.")
    session = serializers.CharField(help_text="The session's id.")


class LoggedInSerializer(TokenPairSerializer):
    """The answer to a right code."""

    user = MeSerializer(help_text="Who has logged in.")


class SessionSerializer(serializers.Serializer[Any]):
    """A device that is logged in."""

    id = serializers.CharField(source="pk", help_text="Stable id.")
    device_name = serializers.CharField(help_text="As given at the login.")
    address = serializers.CharField(allow_null=True, help_text="Where it logged in from.")
    created_at = MomentField(help_text="When it logged in.")
    last_used_at = MomentField(help_text="Exact to a minute.")
    current = serializers.SerializerMethodField(help_text="Whether it is the one that asks.")

    def get_current(self, session: Any) -> bool:
        """Whether the caller's token belongs to this session."""
        return bool(session.pk == self.context["session_id"])


class SecurityEventSerializer(serializers.Serializer[Any]):
    """An entry of the audit log."""

    id = serializers.CharField(source="pk", help_text="Stable id.")
    kind = serializers.ChoiceField(choices=SecurityEvent.Kind.choices, help_text="What happened. More kinds may come.")
    at = MomentField(help_text="When.")
    address = serializers.CharField(allow_null=True, help_text="Where the call came from; null where none was.")
    session = serializers.CharField(source="session_id", allow_null=True, help_text="The session it is about, if any.")
    detail = serializers.CharField(help_text="More about it: a device's name, what a code was for. Often empty.")


class TicketSerializer(serializers.Serializer[Any]):
    """A ticket for one socket."""

    ticket = serializers.CharField(help_text="For `?ticket=`; good once.")
    expires_at = MomentField(help_text="Until then it can be used.")
