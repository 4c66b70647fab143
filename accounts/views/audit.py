"""What happened to the caller's account."""

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import examples
from accounts.authentication import caller
from accounts.models import SecurityEvent
from accounts.serializers import SecurityEventSerializer
from accounts.views.base import CALLER
from chatapi.errors import InvalidCursor, InvalidInput
from chatapi.pagination import CursorPage
from chatapi.schema import problems, shown


class _NewestFirst(CursorPage):
    ordering = ("-at", "-id")  # several events can be of one millisecond, which is all that an id knows


class AuditViewSet(ViewSet):
    """The caller's own security events."""

    pagination_class = _NewestFirst

    @extend_schema(
        summary="My security events",
        description=(
            "Logins, failed tries, ended sessions, changes of password, address and number, newest first, from where "
            "and when. Nobody can change or remove an entry; each is kept for 180 days (`AUDIT_DAYS`)."
        ),
        responses={HTTPStatus.OK: SecurityEventSerializer(many=True)} | problems(*CALLER, InvalidInput, InvalidCursor),
        examples=[shown("A login", examples.SECURITY_EVENT)],
    )
    def list(self, request: Request) -> Response:
        """GET accounts/me/audit/"""
        page = _NewestFirst()
        own = SecurityEvent.objects.filter(user=caller(request).user)
        rows = page.paginate_queryset(own, request, self) or []
        return page.get_paginated_response(SecurityEventSerializer(rows, many=True).data)
