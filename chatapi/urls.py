"""Every HTTP address."""

from importlib.util import find_spec

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include(f"{app}.urls")) for app in ("accounts", "conversations") if find_spec(f"{app}.urls")
]
