"""Addresses that exist only in these tests: a strict call, a list, and everything that can go wrong."""

import sqlite3
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.urls import path
from django_tasks_db.models import DBTaskResult
from redis.exceptions import ConnectionError as RedisAway
from rest_framework import exceptions, serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chatapi.errors import RateLimited
from chatapi.pagination import CursorPage
from chatapi.rest import StrictSerializer
from chatapi.urls import urlpatterns as real

SECRET = "the password of the database"


def wrong_sql() -> Exception:
    try:
        sqlite3.connect(":memory:").execute("SELECT nothing")
    except sqlite3.OperationalError as cause:
        error = OperationalError("no such column")
        error.__cause__ = cause
        return error
    raise AssertionError


FAULTS: dict[str, Exception] = {
    "not-found": Http404(SECRET),
    "denied": PermissionDenied(SECRET),
    "suspicious": SuspiciousOperation(SECRET),
    "parse": exceptions.ParseError(),
    "unauthenticated": exceptions.NotAuthenticated(),
    "throttled": exceptions.Throttled(wait=3),
    "limited": RateLimited(retry_after_ms=1_500),
    "database": OperationalError(SECRET),
    "connection": InterfaceError(SECRET),
    "redis": RedisAway(SECRET),
    "sql": wrong_sql(),
    "bug": ZeroDivisionError(SECRET),
}


class Inner(StrictSerializer):
    role = serializers.CharField()


class Outer(StrictSerializer):
    number = serializers.IntegerField()
    id = serializers.CharField(read_only=True)
    members = Inner(many=True, required=False)


class Open(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class Strict(Open):
    def post(self, request: Request) -> Response:
        body = Outer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(body.validated_data)


class Fault(Open):
    def get(self, request: Request, name: str) -> Response:
        raise FAULTS[name]


class Row(serializers.ModelSerializer[DBTaskResult]):
    class Meta:
        model = DBTaskResult
        fields = ("priority",)


class Rows(ListAPIView[DBTaskResult]):
    """A list over rows of the job table: the only model here that needs no app's rules."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    serializer_class = Row
    queryset = DBTaskResult.objects.all()

    class pagination_class(CursorPage):  # noqa: N801
        ordering = "priority"


def plain_fault(request: Any, name: str) -> Any:
    raise FAULTS[name]


urlpatterns = [
    *real,
    path("strict/", Strict.as_view()),
    path("rows/", Rows.as_view()),
    path("fault/<name>/", Fault.as_view()),
    path("plain-fault/<name>/", plain_fault),
]
