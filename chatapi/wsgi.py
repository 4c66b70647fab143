"""REST in production: `gunicorn chatapi.wsgi`. Sockets are served by chatapi.asgi."""

import os

from django.core.wsgi import get_wsgi_application

from chatapi.checks import refuse_unsafe
from chatapi.garbage import collect_rarely
from chatapi.requests import Utf8WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatapi.settings")
# gunicorn's threads stay, so they may keep their database connections; threads of an ASGI server may not.
os.environ.setdefault("DATABASE_CONN_MAX_AGE", "60")

application = get_wsgi_application()
refuse_unsafe()
application.request_class = Utf8WSGIRequest
collect_rarely()
