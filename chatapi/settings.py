"""All settings, from environment variables only. The embedded default needs none of them.

`manage.py up` and the tests switch DEBUG on; without it the server is in production mode, where every secret must
be given and unsafe values refuse to start (see `chatapi.checks`).
"""

import os
from pathlib import Path
from typing import Any

from chatapi import env, logging
from chatapi.secrets import development_secret

VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DEBUG", default=False)
DATA_DIR = Path(env.text("DATA_DIR") or BASE_DIR / ".data")
"""Where the embedded default keeps its database and development secrets."""

# Keys. In DEBUG they are made once and kept in DATA_DIR, so that tokens outlive a restart.
SECRET_KEY = env.text("SECRET_KEY") or development_secret(DATA_DIR, "SECRET_KEY", debug=DEBUG)
TOKEN_KEYS = env.words("TOKEN_KEYS") or [development_secret(DATA_DIR, "TOKEN_KEYS", debug=DEBUG)]
"""`kid:secret` entries, at least 256 bits each; the first one signs, all of them verify (rotation)."""

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "*" if DEBUG else "")
CORS_ORIGINS = env.words("CORS_ORIGINS")
"""Full origins (`https://app.example.org`) that browsers may call from: REST, sockets and media alike."""
SOCKETS_WITHOUT_ORIGIN = env.flag("SOCKETS_WITHOUT_ORIGIN", default=True)
"""Native apps send no Origin; they hold a token, not a cookie, so they are let in unless this is off."""
SOCKET_TOKEN_IN_URL = env.flag("SOCKET_TOKEN_IN_URL", default=True)
"""The published example puts the access token into the socket's URL; off forces ticket, header or first frame."""
PUBLIC_URL = env.text("PUBLIC_URL", "http://localhost:8000")
"""The base of every link in a mail; never taken from a request."""
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)
"""How many proxies of our own stand in front: the client's address is that many entries from the right."""

REDIS_URL = env.redis("REDIS_URL")
RATE_LIMITS = env.flag("RATE_LIMITS", default=True)
"""Off for benchmarks and load runs only; refused in production mode. The tries of a code are always counted."""

INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_yasg",
    "django_tasks",
    "django_tasks_db",
    "chatapi",
    "accounts",
    "conversations",
]

# All of these run on the event loop: one that does not would cost every request a thread switch.
MIDDLEWARE = [
    "chatapi.middleware.SecurityHeadersMiddleware",
    "chatapi.middleware.RequestIdMiddleware",
    "chatapi.middleware.OriginMiddleware",
    "chatapi.static_files.StaticFilesMiddleware",
    "chatapi.middleware.ProblemMiddleware",
]

ROOT_URLCONF = "chatapi.urls"
ASGI_APPLICATION = "chatapi.asgi.application"
WSGI_APPLICATION = "chatapi.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"

TEMPLATES: list[dict[str, Any]] = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "DIRS": []},
]

# Database. No ATOMIC_REQUESTS: an action opens its own short transaction.
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'chat.sqlite3'}")
}
DATABASE = DATABASES["default"]
if DATABASE["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE takes the write lock at BEGIN, FULL makes a commit outlive a power cut: an ack is a promise.
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=134217728;",
    }
else:
    DATABASE["CONN_HEALTH_CHECKS"] = True
    DATABASE["OPTIONS"] |= {
        "connect_timeout": 5,
        # A server that is gone without a word must not hold threads for hours.
        "keepalives": 1,
        "keepalives_idle": 5,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        # Compiling a statement pays for reports, and there are none here.
        "options": "-c jit=off -c idle_in_transaction_session_timeout=30000"
        f" -c statement_timeout={env.number('DATABASE_STATEMENT_TIMEOUT_MS', 5_000)}"
        f" -c lock_timeout={env.number('DATABASE_LOCK_TIMEOUT_MS', 2_000)}",
    }
# Threads of an ASGI server come and go, so a request there must not leave a connection behind (F12);
# gunicorn's threads stay and keep theirs (chatapi/wsgi.py).
DATABASE["CONN_MAX_AGE"] = env.number("DATABASE_CONN_MAX_AGE", 0)
DATABASE_PREPARED = env.flag("DATABASE_PREPARED", default=True)
SOCKET_DATABASE_THREADS = env.number("SOCKET_DATABASE_THREADS", 6, minimum=1)
"""Threads, and so database connections, that serve all sockets of one process."""

# Channel layer. None in the embedded default: one process needs no layer. The explicit timeout and the retries are
# what keeps idle sockets alive and lets the first publish after a Redis restart succeed (F1, F3, F4).
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {}
if REDIS_URL:
    from redis.asyncio.retry import Retry
    from redis.backoff import ExponentialBackoff

    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                "prefix": env.text("REDIS_PREFIX", "chatapi"),
                "hosts": [
                    {
                        "address": REDIS_URL,
                        "socket_timeout": 15,
                        "socket_connect_timeout": 2,
                        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.02), 5),
                        "health_check_interval": 10,
                    }
                ],
            },
        }
    }
BUS_SHARDS = env.number("BUS_SHARDS", 1, minimum=1)
"""Channel-layer groups that the rooms are spread over; every socket process joins all of them."""

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

WEB_CLIENT = env.flag("WEB_CLIENT", default=True)
"""The chat page at `/`, and the JavaScript client's files for other pages of this server."""

# Static files: the documents' pages.
STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT") or None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG  # who works on the page sees a change with the next reload

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.AccessTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["chatapi.rest.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["chatapi.rest.StrictJsonParser"],
    "DEFAULT_THROTTLE_CLASSES": ["chatapi.throttling.CallerThrottle"],
    "DEFAULT_PAGINATION_CLASS": "chatapi.pagination.CursorPage",
    "DEFAULT_SCHEMA_CLASS": "chatapi.schema.Schema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "chatapi.rest.AlwaysJson",
    "EXCEPTION_HANDLER": "chatapi.rest.problem_response",
    "UNAUTHENTICATED_USER": None,
}

# Accounts
PASSWORD_HASHES = env.number("PASSWORD_HASHES", os.cpu_count() or 1, minimum=1)
"""Slow password hashes that one process computes at once; whoever else logs in waits two seconds at most."""
ACCESS_TOKEN_SECONDS = env.number("ACCESS_TOKEN_SECONDS", 600, minimum=1)
TOKEN_ISSUER = env.text("TOKEN_ISSUER", "chatapi")
TOKEN_AUDIENCE = env.text("TOKEN_AUDIENCE", "chatapi")
SESSION_DAYS = env.number("SESSION_DAYS", 90, minimum=1)
SESSION_IDLE_DAYS = env.number("SESSION_IDLE_DAYS", 14, minimum=1)
REFRESH_REPEAT_SECONDS = env.number("REFRESH_REPEAT_SECONDS", 60)
"""How long after a refresh the old refresh token still gives the same new pair, whatever was seen of it."""
WS_TICKET_SECONDS = env.number("WS_TICKET_SECONDS", 60, minimum=1)
CODE_SECONDS = env.number("CODE_SECONDS", 600, minimum=1)
CODE_TRIES = env.number("CODE_TRIES", 5, minimum=1)
CODE_SENDS = env.number("CODE_SENDS", 5, minimum=1)
"""Codes that one challenge may send: the first one and its resends."""
CODE_RESEND_SECONDS = env.number("CODE_RESEND_SECONDS", 60)
CODES_PER_HOUR = env.number("CODES_PER_HOUR", 20, minimum=1)
"""Codes that one address may get in an hour for one purpose; counted in the database, RATE_LIMITS or not."""
CODE_FAILURES_PER_HOUR = env.number("CODE_FAILURES_PER_HOUR", 10, minimum=1)
"""Wrong codes per address, purpose and hour, after which no further code is sent until the hour has passed."""
REGISTRATION_SECONDS = env.number("REGISTRATION_SECONDS", 3_600, minimum=1)
"""How long an unproven registration keeps its username from others."""
SMS_BACKEND = env.text("SMS_BACKEND")
"""`console`, `http` or nothing: then codes for numbers go by mail."""
SMS_URL = env.text("SMS_URL")
SMS_TOKEN = env.text("SMS_TOKEN")
SMS_FORMAT = env.text("SMS_FORMAT", "json")
SMS_TO_FIELD = env.text("SMS_TO_FIELD", "to")
SMS_TEXT_FIELD = env.text("SMS_TEXT_FIELD", "text")
SMS_FIELDS = env.words("SMS_FIELDS")
DELETION_DAYS = env.number("DELETION_DAYS", 14, minimum=1)
"""So long a login keeps an account that was deleted; then it is erased."""
EMAIL_UNDO_DAYS = env.number("EMAIL_UNDO_DAYS", 7, minimum=1)
"""So long the old address can take a change of the address back."""
AUDIT_DAYS = env.number("AUDIT_DAYS", 180, minimum=1)
"""How long the security events of an account are kept."""
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
"""Jobs wait in the database and are enqueued in the transaction that wants them, so none is lost."""
HOURLY_JOBS = ["accounts.erasure.erase_due", "accounts.jobs.prune"]
"""Functions without arguments that the worker calls once an hour."""

DATA_UPLOAD_MAX_MEMORY_SIZE = env.number("BODY_BYTES", 2_621_440, minimum=1_024)
"""The largest JSON body; files have limits of their own."""

# Rate limits: number per window and caller, each overridable by RATE_<SCOPE> (`RATE_SEND=1000/minute`).
REDIS_PREFIX = env.text("REDIS_PREFIX", "chatapi")
RATES = {
    scope: env.text(f"RATE_{scope.upper()}", rate)
    for scope, rate in {
        "user": "1200/minute",
        "anonymous": "300/minute",
        # Messages per user over REST, wide enough for a phone's whole queue at once; sockets count frames instead.
        "send": "600/minute",
        # Per address, wide enough for a household or an office behind one; accounts have limits of their own.
        "register": "120/minute",
        "login": "120/minute",
        "verify": "120/minute",
        "resend": "60/minute",
        "refresh": "300/minute",
        # Wrong passwords per login name; the right one is not counted.
        "login_failures": "10/hour",
        # Codes for a new password, per address.
        "forgot": "60/hour",
        # Wrong current passwords per user; the right one is not counted.
        "password_failures": "10/hour",
        # Per user.
        "account": "60/hour",
        "sms": "10/hour",
        "search": "120/minute",
        "ticket": "120/minute",
        "contacts": "300/minute",
        # Addresses and numbers looked up, per user: an address book a day, not a directory (S100).
        "import": "2000/day",
    }.items()
}

# CORS. Which origins: CORS_ORIGINS above and chatapi.origins. No cookies, so no credentials.
CORS_URLS_REGEX = r"^/(?!dev/)"  # the development mailbox holds codes: no other page reads it
CORS_ALLOW_HEADERS = (
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "range",
    "tus-resumable",
    "upload-length",
    "upload-metadata",
    "upload-offset",
    "x-http-method-override",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = (
    "X-Request-ID",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "Location",
    "Content-Range",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Expires",
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
)
CORS_PREFLIGHT_MAX_AGE = 7_200

# Mail. With DEBUG it goes to the terminal and to /dev/mail/.
EMAIL_BACKEND = "chatapi.devmail.MailBackend" if DEBUG else "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", default=False)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=not EMAIL_USE_SSL)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "chat@localhost")

METRICS_TOKEN = env.text("METRICS_TOKEN")
"""Opens /metrics to callers outside of private networks."""

# Headers of every reply. No Cross-Origin-Resource-Policy: pages of other origins show our media.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
HSTS_SECONDS = env.number("HSTS_SECONDS", 0 if DEBUG else 31_536_000)
if HSTS_SECONDS:
    SECURITY_HEADERS["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}; includeSubDomains"

SILENCED_SYSTEM_CHECKS = [
    "security.W001",  # SECURITY_HEADERS above are what SecurityMiddleware would send
    "security.W002",  # and X-Frame-Options is among them
    "security.W003",  # no cookie logs anybody in, so there is nothing to forge
]

# Documents.
DOCS = env.flag("DOCS", default=True)
"""Swagger, ReDoc and the OpenAPI document."""
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Chat API",
    "VERSION": VERSION,
    "SERVERS": [{"url": "/", "description": "This server"}],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SORT_OPERATIONS": False,
    "TAGS": [
        {"name": "accounts", "description": "Register, log in, tokens, sessions, the own profile. Begin here."},
        {"name": "users", "description": "Other people: search, profiles."},
        {"name": "contacts", "description": "People the caller has saved."},
        {"name": "blocks", "description": "People the caller does not want to hear from."},
        {"name": "conversations", "description": "Rooms: open, list, settings."},
        {"name": "messages", "description": "Send and read, and say how far: ticks and badges."},
        {"name": "sync", "description": "What was missed, exactly: for one room, for a whole device."},
        {"name": "service", "description": "What this server can do."},
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "Audience": "accounts.models.user.Audience",
        "RoomKind": "conversations.models.Room.Kind",
        "MessageKind": "conversations.models.Message.Kind",
        "SecurityEventKind": "accounts.models.SecurityEvent.Kind",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "chatapi.document.complete",
    ],
}

# Logs.
LOGGING = logging.configuration(debug=DEBUG, level=env.text("LOG_LEVEL", "INFO"))
