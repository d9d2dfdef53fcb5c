"""Check the audit's chains."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from foundation.events.chain import verify_all_chains


class Command(BaseCommand):
    """`python -m django audit`."""

    help = "Check that no audit entry was changed or removed; fails and says where otherwise."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check every organization's chain."""
        broken = verify_all_chains()
        for organization_id, report in broken.items():
            self.stderr.write(f"{organization_id}\tentry {report.broken_at}\t{report.problem}")
        if broken:
            raise CommandError(f"{len(broken)} audit chains are broken.")
        self.stdout.write("Every audit chain holds.")
