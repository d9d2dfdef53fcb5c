"""Keep the demo market moving: the demo's own process beside web, worker and relay."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from backhaul.demo.trickle import run


class Command(BaseCommand):
    """`manage.py trickle`; the supervisor of the demo runs it."""

    help = "Post, confirm and withdraw on the demo market until stopped."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("--legs", type=int, default=300)
        parser.add_argument("--loads", type=int, default=2000)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        stop = threading.Event()

        def leave(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        run(legs=options["legs"], loads=options["loads"], stop=stop)
