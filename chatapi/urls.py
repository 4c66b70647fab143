"""Every HTTP address of the server."""

from django.urls import include, path

from accounts.pages import undo_email
from chatapi import devmail, docs, health, web
from chatapi.capabilities import CapabilitiesView
from conversations.socket_document import socket_document

urlpatterns = [
    path("api/v1/", include("conversations.urls")),  # first what is asked most: they are tried in order
    path("api/v1/", include("accounts.urls")),
    path("", web.page, name="web"),
    path("api/v1/capabilities/", CapabilitiesView.as_view(), name="capabilities"),
    path("api/v1/openapi.json", docs.document, name="openapi"),
    path("api/v1/asyncapi.json", docs.sockets_document, {"describe": socket_document}, name="asyncapi"),
    path("swagger/", docs.swagger, name="swagger"),
    path("redoc/", docs.redoc, name="redoc"),
    path("asyncapi/", docs.sockets, {"describe": socket_document}, name="sockets"),
    path("account/undo-email/", undo_email, name="undo_email"),
    path("dev/mail/", devmail.mailbox, name="mailbox"),
    path("healthz/", health.alive, name="alive"),
    path("readyz/", health.ready, name="ready"),
    path("metrics", health.counted, name="metrics"),
]
