"""The ASGI application that the web server runs: Django, with the live streams carried beside it."""

import os
import threading

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backhaul.settings")

pages = get_asgi_application()  # sets Django up; rooms can be imported from here on

from backhaul.watching import WATCHING  # noqa: E402
from foundation.events.streams import LiveStreams  # noqa: E402
from foundation.places.services import warm_up  # noqa: E402

application = LiveStreams(pages, watching=WATCHING)
# read while the first pages are served, so that nobody's first form or map waits for it
threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
