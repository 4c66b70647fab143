"""What is read by the calls that change how somebody gets into their account."""

from rest_framework import serializers

from accounts.fields import AddressField, CodeField, MobileNumberField, PasswordField
from chatapi.rest import StrictSerializer

_NEW_PASSWORD = "8 to 128 characters, any; common ones and those like one's names are refused."


class ChangePasswordInput(StrictSerializer):
    """The present password, and the next."""

    current_password = PasswordField(help_text="The account's present password.")
    new_password = PasswordField(help_text=_NEW_PASSWORD)


class ForgotPasswordInput(StrictSerializer):
    """Whose password is forgotten."""

    email = AddressField(help_text="The account's address, where the code goes.")


class ResetPasswordInput(StrictSerializer):
    """The code that was mailed, and the next password."""

    challenge = serializers.CharField(max_length=64, help_text="As answered by forgot.")
    code = CodeField()
    new_password = PasswordField(help_text=_NEW_PASSWORD)


class ChangeEmailInput(StrictSerializer):
    """The next address, and the proof that it is its owner who asks."""

    email = AddressField(help_text="The new address, where the code goes.")
    password = PasswordField(help_text="The account's password.")


class ProofInput(StrictSerializer):
    """The code of a challenge."""

    challenge = serializers.CharField(max_length=64, help_text="As answered when the code was asked for.")
    code = CodeField()


class UndoInput(StrictSerializer):
    """The token of a link."""

    token = serializers.CharField(max_length=200, help_text="What stands behind the `#` of the link in the mail.")


class ChangeMobileInput(StrictSerializer):
    """The next number, and the proof that it is its owner who asks."""

    mobile_number = MobileNumberField(help_text="E.164: plus sign, country code, number.")
    password = PasswordField(help_text="The account's password.")


class PasswordInput(StrictSerializer):
    """The proof that it is the owner who asks."""

    password = PasswordField(help_text="The account's password.")
