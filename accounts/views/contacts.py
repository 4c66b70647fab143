"""The people whom the caller has saved."""

from http import HTTPStatus

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import relation_examples as examples
from accounts.actions.contacts import match_contacts, remove_contact, rename_contact, save_contact
from accounts.authentication import caller
from accounts.errors import LimitReached
from accounts.models import Contact, User
from accounts.relation_serializers import (
    ContactInput,
    ContactSerializer,
    ImportInput,
    MatchesSerializer,
    NicknameInput,
)
from accounts.views.base import BODY, CALLER, read
from chatapi.errors import InvalidCursor, InvalidInput, NotFound
from chatapi.pagination import CursorPage
from chatapi.schema import asked, problems, shown
from chatapi.throttling import limit

PERSON = OpenApiParameter("user", str, OpenApiParameter.PATH, description="The person's id or username.")
_CONTACT = shown("A contact", examples.CONTACT)
_ADDRESS_BOOK = {"emails": ["Bob@example.org"], "mobile_numbers": ["+4915112345678"]}


class _ByName(CursorPage):
    ordering = "sort_name"


class ContactViewSet(ViewSet):
    """The caller's contacts."""

    pagination_class = _ByName

    @extend_schema(
        summary="My contacts",
        description=(
            "The people the caller has saved, by the name they are shown with: the nickname, else the display name, "
            "else the username."
        ),
        responses={HTTPStatus.OK: ContactSerializer(many=True)} | problems(*CALLER, InvalidInput, InvalidCursor),
        examples=[_CONTACT],
    )
    def list(self, request: Request) -> Response:
        """GET contacts/"""
        page = _ByName()
        contacts = Contact.objects.by_name().of(caller(request).user).live()
        rows = page.paginate_queryset(contacts, request, self) or []
        return page.get_paginated_response(ContactSerializer(rows, many=True).data)

    @extend_schema(
        summary="Save a contact",
        description=(
            "201 for a new contact, 200 for one that is there already; a `nickname` that is given is set in both "
            "cases. The person is not told. The caller's other devices get `contact.updated`. "
            "`privacy` that says `contacts` means the people saved here."
        ),
        request=ContactInput,
        responses={HTTPStatus.CREATED: ContactSerializer, HTTPStatus.OK: ContactSerializer}
        | problems(*BODY, NotFound, LimitReached, *CALLER),
        examples=[asked("By username", {"user": "bob", "nickname": "Bobby"}), _CONTACT],
    )
    def create(self, request: Request) -> Response:
        """POST contacts/"""
        limit("contacts", str(caller(request).user.pk))
        given = read(ContactInput, request.data)
        person = User.objects.find(given["user"])
        contact, is_new = save_contact(user=caller(request).user, person=person, nickname=given.get("nickname"))
        return Response(ContactSerializer(contact).data, HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    @extend_schema(
        summary="Rename a contact",
        description="Sets the nickname, which only the caller sees. Somebody called `import` is addressed by id.",
        parameters=[PERSON],
        request=NicknameInput,
        responses={HTTPStatus.OK: ContactSerializer} | problems(*BODY, NotFound, *CALLER),
        examples=[asked("A nickname", {"nickname": "Bobby"}), _CONTACT],
    )
    def partial_update(self, request: Request, user: str) -> Response:
        """PATCH contacts/{user}/"""
        limit("contacts", str(caller(request).user.pk))
        nickname = read(NicknameInput, request.data).get("nickname")
        contact = rename_contact(user=caller(request).user, reference=user, nickname=nickname)
        return Response(ContactSerializer(contact).data)

    @extend_schema(
        summary="Remove a contact",
        description="The nickname is forgotten. The person is not told; conversations stay.",
        parameters=[PERSON],
        responses={HTTPStatus.NO_CONTENT: None} | problems(NotFound, *CALLER),
    )
    def destroy(self, request: Request, user: str) -> Response:
        """DELETE contacts/{user}/"""
        limit("contacts", str(caller(request).user.pk))
        remove_contact(user=caller(request).user, reference=user)
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(
        summary="Find people of an address book",
        description=(
            "Which of these addresses and numbers belong to somebody here; nothing of them is stored, and nobody is "
            "saved. Only proven addresses and numbers count, and people who let the caller write to them "
            "(`privacy.messages`). Every entry counts against the rate `import`: this is for one's own address book, "
            "not for going through numbers."
        ),
        request=ImportInput,
        responses={HTTPStatus.OK: MatchesSerializer} | problems(*BODY, *CALLER),
        examples=[asked("Two entries", _ADDRESS_BOOK), shown("One of them is here", examples.MATCHES)],
    )
    def match(self, request: Request) -> Response:
        """POST contacts/import/"""
        user = caller(request).user
        given = read(ImportInput, request.data)
        numbers = list(dict.fromkeys(given["mobile_numbers"]))
        emails: dict[str, str] = {}
        for address, written in given["emails"]:
            emails.setdefault(address, written)
        limit("import", str(user.pk), cost=max(1, len(emails) + len(numbers)))
        matches = match_contacts(user=user, emails=emails, numbers=numbers)
        return Response(MatchesSerializer({"matches": matches}).data)
