"""The product's settings and one more app, which is what the harness has inside of the servers: this folder."""

from chatapi.settings import *  # noqa: F403
from chatapi.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.inside"]
