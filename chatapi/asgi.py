"""The ASGI application: REST and sockets in the embedded default, sockets in production. daphne and uvicorn alike."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatapi.settings")

http = get_asgi_application()  # before the imports below: they need the apps

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from chatapi.checks import refuse_unsafe  # noqa: E402
from chatapi.garbage import collect_rarely  # noqa: E402
from chatapi.requests import Utf8ASGIRequest  # noqa: E402
from conversations.routing import websocket_urlpatterns  # noqa: E402

refuse_unsafe()
http.request_class = Utf8ASGIRequest

application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(websocket_urlpatterns)})

collect_rarely()
