"""Tokens, sessions and tickets."""

from http import HTTPStatus

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from accounts import examples, tickets
from accounts.actions import sessions
from accounts.authentication import caller
from accounts.errors import InvalidToken, SessionEnded
from accounts.models import Session
from accounts.serializers import RefreshInput, SessionSerializer, TicketSerializer, TokenPairSerializer
from accounts.views.answers import token_pair
from accounts.views.base import BODY, CALLER, PublicViewSet, limit_address, read
from chatapi import ids, times
from chatapi.errors import InvalidCursor, InvalidInput, NotFound
from chatapi.pagination import CursorPage
from chatapi.schema import problems, shown
from chatapi.throttling import limit

_REFRESH = OpenApiExample("Refresh", {"refresh": examples.REFRESH}, request_only=True)


class TokenViewSet(PublicViewSet):
    """New tokens for old."""

    @extend_schema(
        summary="Refresh the tokens",
        description=(
            "Each refresh token is good for one new pair. If the answer got lost, send the same token again: it gives "
            "the same new pair until the new access token was first used, or for 60 s. Later it counts as stolen: "
            "401 `session_ended`, the session ends and its owner is told by mail."
        ),
        request=RefreshInput,
        responses={HTTPStatus.OK: TokenPairSerializer} | problems(*BODY, InvalidToken, SessionEnded),
        examples=[_REFRESH, shown("The next pair", examples.TOKENS)],
    )
    def refresh(self, request: Request) -> Response:
        """POST accounts/token/refresh/"""
        limit_address("refresh", request)
        return Response(token_pair(sessions.refresh(refresh_token=read(RefreshInput, request.data)["refresh"])))


class LogoutViewSet(ViewSet):
    """Ending one's own sessions."""

    @extend_schema(
        summary="Log out",
        description="Ends the session of this token at once: its tokens are worthless, its sockets close with 4401.",
        request=None,
        responses={HTTPStatus.NO_CONTENT: None} | problems(*CALLER),
    )
    def here(self, request: Request) -> Response:
        """POST accounts/logout/"""
        sessions.log_out(user=caller(request).user, session_id=caller(request).session_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(
        summary="Log out everywhere",
        description="Ends all sessions of the caller, this one included.",
        request=None,
        responses={HTTPStatus.NO_CONTENT: None} | problems(*CALLER),
    )
    def everywhere(self, request: Request) -> Response:
        """POST accounts/logout/all/"""
        sessions.log_out_everywhere(user=caller(request).user)
        return Response(status=HTTPStatus.NO_CONTENT)


class SessionViewSet(ViewSet):
    """Where the caller is logged in."""

    pagination_class = CursorPage

    @extend_schema(
        summary="List sessions",
        description="The devices that are logged in, newest login first.",
        responses={HTTPStatus.OK: SessionSerializer(many=True)} | problems(*CALLER, InvalidInput, InvalidCursor),
        examples=[shown("A session", examples.SESSION)],
    )
    def list(self, request: Request) -> Response:
        """GET accounts/sessions/"""
        page = CursorPage()
        live = Session.objects.live(times.now()).filter(user=caller(request).user)
        rows = page.paginate_queryset(live, request, self) or []
        context = {"session_id": caller(request).session_id}
        return page.get_paginated_response(SessionSerializer(rows, many=True, context=context).data)

    @extend_schema(
        parameters=[OpenApiParameter("session_id", str, OpenApiParameter.PATH, description="A session's id.")],
        summary="End a session",
        description="Logs that device out at once; its sockets close with 4401.",
        responses={HTTPStatus.NO_CONTENT: None} | problems(*CALLER, NotFound),
    )
    def destroy(self, request: Request, session_id: str) -> Response:
        """DELETE accounts/sessions/{id}/"""
        known = ids.parse_uuid(session_id)
        if known is None:
            raise NotFound
        sessions.end(user=caller(request).user, session_id=known)
        return Response(status=HTTPStatus.NO_CONTENT)


class TicketViewSet(ViewSet):
    """Tickets for sockets."""

    @extend_schema(
        summary="Get a ticket for a socket",
        description="For `?ticket=` in a WebSocket address: single use, 60 s. Keeps the access token out of URLs.",
        request=None,
        responses={HTTPStatus.OK: TicketSerializer} | problems(*CALLER),
        examples=[shown("A ticket", examples.TICKET)],
    )
    def create(self, request: Request) -> Response:
        """POST accounts/ws-ticket/"""
        principal = caller(request)
        limit("ticket", str(principal.user.pk))
        ticket, expires_at = tickets.issue(principal)
        return Response(TicketSerializer({"ticket": ticket, "expires_at": expires_at}).data)
