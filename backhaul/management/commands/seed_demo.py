"""Seed the demo market, or top it up with posts from now on."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from backhaul.demo.seed import seed
from backhaul.steps import Steps


class Command(BaseCommand):
    """`prepare --demo` runs it; it can be run alone to enlarge the market."""

    help = "Seed the demo market, or top it up with posts from now on."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the market's size."""
        parser.add_argument("--legs", type=int, default=300)
        parser.add_argument("--loads", type=int, default=2000)

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed."""
        with Steps().step("Demo market") as report:
            seed(legs=options["legs"], loads=options["loads"], report=report)
