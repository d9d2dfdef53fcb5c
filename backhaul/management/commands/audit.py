"""Check the audit's chains."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from foundation.accounts.models import Organization
from foundation.events.chain import ChainReport, audited_organizations, verify_audit_chain


class Command(BaseCommand):
    """`backhaul audit verify [ORG]`."""

    help = (
        "Check that no audit entry was changed or removed: of every organization, or of one. Names the first broken "
        "entry of each chain and the tail that is not chained yet; exits with 1 where a chain is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the options."""
        parser.add_argument("verb", nargs="?", choices=["verify"], default="verify", help="what to do: verify")
        parser.add_argument("organization", nargs="?", default="", help="the id of one organization (org_...)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the chains, and say what was found of each that is broken or has a tail."""
        wanted = options["organization"]
        existing = set(Organization.objects.values_list("public_id", flat=True))
        known = sorted({*audited_organizations(), *existing})
        if wanted and wanted not in known:
            raise CommandError(f"The audit knows no organization {wanted}. Its id begins with org_.")
        broken = entries = 0
        for organization_id in [wanted] if wanted else known:
            report = verify_audit_chain(organization_id, must_have_begun=organization_id in existing)
            entries += report.entries
            broken += not report.intact
            self._tell(organization_id, report)
        if broken:
            chains = "1 audit chain is" if broken == 1 else f"{broken} audit chains are"
            raise CommandError(f"{chains} broken.")
        self.stdout.write(
            f"{self._chains(wanted)} holds: {entries:,} entries." if entries else "Nothing is chained yet."
        )

    def _chains(self, wanted: str) -> str:
        return f"The audit chain of {wanted}" if wanted else "Every audit chain"

    def _tell(self, organization_id: str, report: ChainReport) -> None:
        if not report.intact:
            which = f"entry {report.broken_at}" + (f" ({report.entry})" if report.entry else "")
            self.stderr.write(f"{organization_id}\t{which}\t{report.problem} The {report.entries} before it hold.")
        if report.unchained:
            since = f"{report.unchained_since:%Y-%m-%d %H:%M:%S} UTC"
            self.stdout.write(f"{organization_id}\t{report.unchained} entries wait for their chain since {since}")
