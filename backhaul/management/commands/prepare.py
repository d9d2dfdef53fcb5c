"""Bring a database to where the product can run on it; safe to run again, quick when there is nothing to do."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from backhaul.steps import Steps


class Command(BaseCommand):
    """`backhaul prepare`; the supervisor runs it at each start."""

    help = "Migrate the database and load what the product needs."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("--demo", action="store_true", help="seed or top up the demo market")
        parser.add_argument("--legs", type=int, default=300)
        parser.add_argument("--loads", type=int, default=2000)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps in order."""
        steps = Steps()
        with steps.step("Database schema"):
            call_command("migrate", verbosity=0, interactive=False)
