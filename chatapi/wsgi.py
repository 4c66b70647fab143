"""REST in production: `gunicorn chatapi.wsgi`. Sockets are served by chatapi.asgi."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatapi.settings")
# gunicorn's threads stay, so they may keep their database connections; threads of an ASGI server may not.
os.environ.setdefault("DATABASE_CONN_MAX_AGE", "60")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from chatapi.checks import refuse_unsafe

refuse_unsafe()
