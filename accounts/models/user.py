"""A person, and the counter of what only that person sees."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.db.models import Q

from accounts.identifiers import MAX_DISPLAY_NAME, MAX_EMAIL, USERNAME, canonical_login, folded
from accounts.models.folded_field import FoldedField
from chatapi import ids, times
from chatapi.errors import NotFound


class Audience(models.TextChoices):
    """Who is meant by a choice of privacy."""

    EVERYONE = "everyone"
    CONTACTS = "contacts", "people the owner has saved"
    NOBODY = "nobody"


def default_privacy() -> dict[str, Any]:
    """Who may see what of a person who has not chosen yet."""
    return dict.fromkeys(("last_seen", "online", "avatar", "about", "groups", "messages"), "everyone") | {
        "read_receipts": True
    }


class UserQuerySet(models.QuerySet["User"]):
    """Ways of looking people up."""

    def active(self) -> "UserQuerySet":
        """Without those who were switched off."""
        return self.filter(is_active=True)

    def welcome(self) -> "UserQuerySet":
        """Those who can log in: also who asked to be deleted and is not erased yet."""
        return self.filter(Q(is_active=True) | Q(erase_at__isnull=False))

    def matching(self, text: str, *, known: Q | None = None) -> "UserQuerySet":
        """People whose name starts with `text`, or whose address or verified number is exactly `text`.

        By address and number only those for whom `known` holds, where it is given.
        """
        known = Q() if known is None else known
        prefix = folded(text)
        return self.filter(
            Q(username_key__startswith=prefix)
            | Q(display_name_key__startswith=prefix)
            | (Q(email=canonical_login(text)) & known)
            | (Q(mobile_number=text, mobile_verified_at__isnull=False) & known)
        )


class UserManager(BaseUserManager["User"]):
    """Makes people, together with their counter, and finds them."""

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    @transaction.atomic
    def create_user(self, **fields: Any) -> "User":
        """A stored user; `password` must already be hashed. Raises IntegrityError where a name is taken."""
        user = self.create(**fields)
        UserCounter.objects.create(user=user)
        return user

    def by_login(self, login: str) -> "User | None":
        """Who logs in with this address, verified mobile number or username; a username holds neither `@` nor `+`."""
        people = self.get_queryset().welcome()
        if "@" in login:
            return people.filter(email=login).first()
        if login.startswith("+"):
            return people.filter(mobile_number=login, mobile_verified_at__isnull=False).first()
        return people.filter(username_key=login).first()

    def owner_of(self, *, email: str, mobile_number: str) -> "User | None":
        """Whose account, switched off or not, has this address or has proven this number."""
        theirs = Q(email=email) | Q(mobile_number=mobile_number, mobile_verified_at__isnull=False)
        return self.get_queryset().filter(theirs).first()

    def find(self, reference: str) -> "User":
        """The active user with this id or username. Raises NotFound for everything else, malformed or absent."""
        user = self.referred_to(reference).active().first()
        if user is None:
            raise NotFound
        return user

    def referred_to(self, reference: str) -> UserQuerySet:
        """Nobody, or the one user with this id or username, active or not."""
        user_id = ids.parse_uuid(reference)
        if user_id is not None:
            return self.get_queryset().filter(pk=user_id)
        if USERNAME.fullmatch(reference):
            return self.get_queryset().filter(username_key=folded(reference))
        return self.get_queryset().none()


class User(AbstractBaseUser):
    """A person with an account. Exists only after the address was proven with a code."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    username = models.CharField(max_length=30)
    username_key = FoldedField(max_length=30, source="username", unique=True, editable=False)
    email = models.CharField(max_length=MAX_EMAIL, unique=True)
    """In canonical form (`identifiers.canonical_email`)."""
    mobile_number = models.CharField(max_length=16, blank=True)
    mobile_verified_at = models.DateTimeField(null=True, blank=True)
    display_name = models.CharField(max_length=MAX_DISPLAY_NAME, blank=True)
    display_name_key = FoldedField(
        max_length=3 * MAX_DISPLAY_NAME, source="display_name", db_index=True, editable=False, blank=True
    )
    about = models.CharField(max_length=140, blank=True)
    extra = models.JSONField(default=dict, blank=True)
    privacy = models.JSONField(default=default_privacy)
    me_rev = models.BigIntegerField(default=0)
    """The user's `me` number at which the profile last changed."""
    people_rev = models.BigIntegerField(default=0)
    """The user's `me` number at which their contacts or blocks last changed: nobody looks for changes below it."""
    is_active = models.BooleanField(default=True)
    erase_at = models.DateTimeField(null=True, blank=True, db_index=True)
    """When a deleted account is erased; until then a login keeps it."""
    erased_at = models.DateTimeField(null=True, blank=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=times.now, editable=False)

    last_login = None
    """Sessions say when somebody was here."""

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username_key"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["username", "email"]

    class Meta:
        constraints: ClassVar = [
            # Only a proven number is somebody's: whoever merely typed it cannot keep its owner out.
            models.UniqueConstraint(
                fields=["mobile_number"],
                condition=Q(mobile_verified_at__isnull=False),
                name="accounts_user_verified_mobile_number",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def topic(self) -> str:
        """What the sockets of this person listen to."""
        return f"user.{self.pk}"

    @property
    def shown_name(self) -> str:
        """What others see: the display name, or the username where there is none."""
        return shown_name(self.username, self.display_name)

    @property
    def avatar_url(self) -> str | None:
        """Where the photo is; nobody has one before media exists."""
        return None

    def choice(self, name: str) -> Any:
        """What the person has chosen for one of the questions of privacy."""
        return self.privacy.get(name, default_privacy()[name])

    def short(self) -> dict[str, str]:
        """`user` in every answer: `{id, username, display_name}`."""
        return short_user(self.pk, self.username, self.display_name)


def shown_name(username: str, display_name: str) -> str:
    """What others see: the display name, or the username where there is none."""
    return display_name or username


def short_user(user_id: UUID | str, username: str, display_name: str) -> dict[str, str]:
    """`user` in every answer, from the columns of a person."""
    return {"id": str(user_id), "username": username, "display_name": shown_name(username, display_name)}


class UserCounter(models.Model):
    """The counter `me`, apart from the user row so that taking a number blocks nobody who refers to the user."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="counter")
    me = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.me}"
