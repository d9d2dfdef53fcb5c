"""Show the reactions that were given up, and give them a new start."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from foundation.events.queries import dead_reactions
from foundation.events.upkeep import replay


class Command(BaseCommand):
    """`python -m django reactions [--replay]`."""

    help = "Show the reactions that were given up after 8 attempts, with their last error; --replay sends them again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Know `--replay` and the reactions to limit it to."""
        parser.add_argument("--replay", action="store_true", help="give them a new start")
        parser.add_argument("ids", nargs="*", type=int, help="these only, by the number in the first column")

    def handle(self, *args: Any, **options: Any) -> None:
        """List or replay."""
        if options["replay"]:
            count = replay(reactions=options["ids"] or None)
            self.stdout.write(f"{count} reactions will be sent again.")
            return
        found = list(dead_reactions()[:200])
        for row in found:
            self.stdout.write(f"{row.pk}\t{row.dead_at:%Y-%m-%d %H:%M}\t{row.task}\t{row.subject}\t{row.last_error}")
        if not found:
            self.stdout.write("No reaction was given up.")
