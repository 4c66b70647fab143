"""The ASGI application: REST and sockets in the embedded default, sockets in production. daphne and uvicorn alike."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatapi.settings")

django.setup(set_prefix=False)  # before the imports below: they need the apps

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from chatapi.checks import refuse_unsafe  # noqa: E402
from chatapi.garbage import collect_rarely  # noqa: E402
from chatapi.servers import daphne  # noqa: E402
from chatapi.servers.bodies import BoundedHandler  # noqa: E402
from conversations.routing import websocket_urlpatterns  # noqa: E402

refuse_unsafe()
daphne.install()

application = ProtocolTypeRouter({"http": BoundedHandler(), "websocket": URLRouter(websocket_urlpatterns)})

collect_rarely()
