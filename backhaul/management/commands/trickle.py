"""Keep the demo market moving while it runs."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from backhaul.demo import trickle


class Command(BaseCommand):
    """`backhaul demo` runs it beside the web server."""

    help = "Post, change and withdraw on the demo market until SIGTERM or Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the size that the market keeps."""
        parser.add_argument("--legs", type=int, default=300)
        parser.add_argument("--loads", type=int, default=2000)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop."""
        stop = threading.Event()

        def leave(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        trickle.run(legs=options["legs"], loads=options["loads"], stop=stop)
