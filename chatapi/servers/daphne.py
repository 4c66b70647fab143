"""daphne serves with our own protocols, however it is started: `manage.py up` or its command line."""

from daphne.http_protocol import HTTPFactory
from daphne.ws_protocol import WebSocketFactory
from twisted.web.http import _GenericHTTPChannelProtocol

from chatapi.servers.daphne_http import Channel
from chatapi.servers.daphne_sockets import Socket


def install() -> None:
    """From here on; daphne makes its factories when it begins to serve, and has no setting for this."""
    WebSocketFactory.protocol = Socket
    HTTPFactory.protocol = lambda _: _GenericHTTPChannelProtocol(Channel())
