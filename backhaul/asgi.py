"""The ASGI application that the web server runs: Django, with the live streams carried beside it."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backhaul.settings")

pages = get_asgi_application()  # sets Django up; rooms can be imported from here on

from foundation.events.streams import LiveStreams  # noqa: E402

application = LiveStreams(pages)
