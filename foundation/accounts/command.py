"""`backhaul verify`: the operator's recorded decision about an organization."""

import argparse
import getpass
import sys
from collections.abc import Sequence

from foundation.accounts.services import revoke_verification, verify_organization
from foundation.trade.errors import TradeError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="backhaul verify",
        description="Record that an organization may haul, broker and see the market, or that it no longer may.",
    )
    parser.add_argument("organization", metavar="ORG", help="its id (org_…) or its name")
    parser.add_argument("--by", metavar="NAME", default="", help="who decides (default: the user who runs this)")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, kept with the decision")
    parser.add_argument("--revoke", action="store_true", help="end the verification")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0 decided, 1 refused with the reason on stderr."""
    options = _parser().parse_args(argv)
    decide = revoke_verification if options.revoke else verify_organization
    try:
        organization = decide(
            public_id_or_name=options.organization, decided_by=options.by or getpass.getuser(), reason=options.reason
        )
    except TradeError as error:
        print(f"backhaul verify: {error.sentence}", file=sys.stderr)
        return 1
    word = "is verified" if organization.is_verified else "is not verified"
    print(f"{organization.name} ({organization.public_id}) {word}.")
    return 0
