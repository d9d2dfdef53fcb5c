"""Run the relay: it orders facts, tells open pages, and sends tasks to those who react."""

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from backhaul.wiring import FACTS, LISTS, PERIODIC, WATCHED
from foundation.events.relay import run_relay


class Command(BaseCommand):
    """`backhaul relay`."""

    help = "Run the relay until SIGTERM or Ctrl-C."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Hand the wiring to the relay and run it."""
        stop = threading.Event()

        def leave(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        run_relay(wiring=FACTS, periodic=PERIODIC, watched=WATCHED, lists=LISTS, stop=stop)
