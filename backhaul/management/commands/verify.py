"""Record the operator's decision that an organization may haul or broker."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from psycopg_pool import PoolTimeout

from foundation.accounts.services import revoke_verification, verify_organization
from foundation.trade.errors import TradeError


def _operator() -> str:
    """Return who decides, for the record: the account at this machine."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return "operator"


class Command(BaseCommand):
    """`backhaul verify ORG`."""

    help = "Record that an organization may haul or broker, or with --revoke that it may no longer."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the words of the command."""
        parser.prog = "backhaul verify"
        parser.add_argument("organization", metavar="ORG", help="the organization's id (org_...) or its exact name")
        parser.add_argument("--revoke", action="store_true", help="take the verification back")
        parser.add_argument(
            "--by", metavar="NAME", default="", help="who decides (default: the account at this machine)"
        )
        parser.add_argument("--reason", default="", help="why, for the record")

    def handle(self, *args: Any, **options: Any) -> None:
        """Decide and say what was decided.

        Raises CommandError when no such organization is found or the decision is refused.
        """
        decide = revoke_verification if options["revoke"] else verify_organization
        words = {
            "public_id_or_name": options["organization"],
            "decided_by": options["by"] or _operator(),
            "reason": options["reason"],
        }
        try:
            organization = decide(**words)
        except TradeError as error:
            raise CommandError(error.sentence) from error
        except (OperationalError, PoolTimeout) as error:
            raise CommandError(
                "The database does not answer. Start the installation (`backhaul up`) or check DATABASE_URL."
            ) from error
        state = "is verified" if organization.is_verified else "is not verified"
        self.stdout.write(f"{organization.name} ({organization.public_id}) {state}.")
