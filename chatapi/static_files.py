"""The few files that the pages need, from this process: no web server has to be set up for them."""

from io import BytesIO
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

from chatapi import web
from chatapi.middleware import GetResponse


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise without its thread hop: its files are known since the start, so a look-up never waits."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        if settings.WEB_CLIENT:
            for prefix, folder in web.FILES.items():
                self.add_files(folder, prefix)

    def __call__(self, request: HttpRequest) -> Any:
        file = self.find_file(request.path_info) if self.autorefresh else self.files.get(request.path_info)
        if file is None or request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        reply = self.serve(file, request)
        return _ready(reply) if self.is_async else reply

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """The file in one piece: a stream would cost a thread under ASGI, and these files are small."""
        found = static_file.get_response(request.method, request.META)
        with found.file or BytesIO() as file:
            reply = HttpResponse(file.read(), status=int(found.status))
        for name, value in found.headers:
            reply.headers[name] = value
        return reply


async def _ready(reply: HttpResponse) -> HttpResponse:
    return reply
