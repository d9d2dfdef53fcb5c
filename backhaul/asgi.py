"""The ASGI application that the web server runs: Django, with the live streams carried beside it."""

import gc
import os
import threading

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backhaul.settings")

django.setup(set_prefix=False)  # rooms can be imported from here on

from backhaul.handler import ThreadHandler  # noqa: E402
from backhaul.watching import WATCHING  # noqa: E402
from foundation.events.streams import LiveStreams  # noqa: E402
from foundation.places.services import warm_up  # noqa: E402


def _make_ready() -> None:
    """Read what stays for good, and let the garbage collector never look through it again."""
    warm_up()
    gc.collect()
    gc.freeze()


application = LiveStreams(ThreadHandler(), watching=WATCHING)
# read while the first pages are served, so that nobody's first form or map waits for it
threading.Thread(target=_make_ready, name="warm-up", daemon=True).start()
