"""Lists in pages: `{"results", "next", "previous"}` with opaque cursors, never a count and never an offset."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chatapi.errors import InvalidCursor, InvalidInput
from chatapi.limits import limits


class CursorPage(CursorPagination):
    """Keyset pages over `ordering`, whose first field should be unique or nearly so and never null.

    `?limit=` outside of 1 to the maximum is an InvalidInput, never a silent cut. Links are path-absolute.
    """

    page_size = limits().page_default
    max_page_size = limits().page_maximum
    page_size_query_param = "limit"
    page_size_query_description = f"Entries per page, 1 to {max_page_size}."
    cursor_query_description = "The place in the list; part of `next` and `previous`, never made by a client."
    ordering: Any = "-id"
    template = None

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        try:
            page = super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, ValidationError):
            # The position inside a cursor meets the database's types only in the query.
            raise InvalidCursor from None
        self.base_url = request.get_full_path()
        return page

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size
        if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= self.max_page_size):
            raise InvalidInput.field("limit", "out_of_range", f"Give a number from 1 to {self.max_page_size}.")
        return int(text)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link(), "previous": self.get_previous_link()})

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        # The generator also asks with a mere placeholder, which has to come back untouched.
        described = {**schema, "description": "The entries of this page."} if isinstance(schema, dict) else schema
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": described,
                "next": _link("The path of the page after this one; null on the last page."),
                "previous": _link("The path of the page before this one; null on the first page."),
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        parameters = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return parameters


def _link(description: str) -> dict[str, Any]:
    return {"type": "string", "nullable": True, "description": description, "example": "/api/v1/...?cursor=cD0x"}
