"""Record the operator's decision that an organization may haul or broker, beside what the federal record says."""

import getpass
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from psycopg_pool import PoolTimeout

from brokers.trust import judge_claim
from brokers.trust.domains import domain_of
from foundation.accounts.federal.lookups import refresh_record
from foundation.accounts.federal.sources import asks_registry
from foundation.accounts.federal.standing import refusal
from foundation.accounts.models import FederalOutcome, FederalRecord, Organization
from foundation.accounts.queries import record_of
from foundation.accounts.services import clear_rule, meant_organization, revoke_verification, verify_organization
from foundation.trade import clock
from foundation.trade.errors import TradeError
from foundation.trade.money import dollars

LOOKALIKE = "lookalike_domain"


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
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--show", action="store_true", help="show the federal record and the rules; decide nothing")
        what.add_argument("--revoke", action="store_true", help="take the verification back")
        what.add_argument(
            "--clear", choices=[LOOKALIKE], help="say that you looked at its e-mail domain and it is in order"
        )
        parser.add_argument("--ask", action="store_true", help="ask the federal registry first")
        parser.add_argument(
            "--by", metavar="NAME", default="", help="who decides (default: the account at this machine)"
        )
        parser.add_argument("--reason", default="", help="why, for the record")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show what is known, decide, and say what was decided.

        Raises CommandError when no such organization is found or the decision is refused.
        """
        try:
            organization = meant_organization(public_id_or_name=options["organization"])
            if options["ask"]:
                self._ask(organization)
            for line in _lines(organization):
                self.stdout.write(line)
            if options["show"]:
                return
            organization = _decide(organization, options)
        except TradeError as error:
            raise CommandError(error.sentence) from error
        except (OperationalError, PoolTimeout) as error:
            raise CommandError(
                "The database does not answer. Start the installation (`backhaul up`) or check DATABASE_URL."
            ) from error
        state = "is verified" if organization.is_verified else "is not verified"
        self.stdout.write(f"{organization.name} ({organization.public_id}) {state}.")

    def _ask(self, organization: Organization) -> None:
        if not asks_registry(organization.market):
            raise CommandError(
                "This installation does not ask the federal registry: set FMCSA_WEB_KEY (docs/trust.md)."
            )
        refresh_record(market=organization.market, usdot_number=organization.usdot_number)


def _decide(organization: Organization, options: dict[str, Any]) -> Organization:
    words = {
        "public_id_or_name": organization.public_id,
        "decided_by": options["by"] or _operator(),
        "reason": options["reason"],
    }
    if options["clear"]:
        return clear_rule(**words, rule=LOOKALIKE, about=domain_of(organization.contact_email))
    return revoke_verification(**words) if options["revoke"] else verify_organization(**words)


def _lines(organization: Organization) -> Iterator[str]:
    """Yield what is known of an organization: the federal record with its age, and what the rules would say."""
    now = clock.now()
    record = record_of(organization)
    number = organization.usdot_number or "none"
    yield f"{organization.name} ({organization.public_id}), USDOT {number}, {organization.market}"
    if record is None:
        yield "  federal record: none was asked for"
    elif record.outcome == FederalOutcome.FOUND:
        yield from _record_lines(record)
    else:
        yield f"  federal record: {record.get_outcome_display().lower()}"
    if record is not None and record.fetched_at is not None:
        hours = (now - record.fetched_at).total_seconds() / 3600
        yield f"  answered {hours:.1f} hours ago ({record.source or 'by hand'})"
    if record is not None and record.failures:
        yield f"  the last {record.failures} tries to ask failed: {record.failure}"
    if against := refusal(organization, record, now):
        yield f"  against it: {against}"
    if organization.hauls:
        judgement = judge_claim(carrier=organization, loads=[], now=now)
        for each in judgement.results:
            if each.result != "pass":
                yield f"  rule {each.rule}: {each.result}. {each.sentence}"


def _record_lines(record: FederalRecord) -> Iterator[str]:
    also = f", doing business as {record.dba_name}" if record.dba_name else ""
    yield f"  federal record: {record.legal_name or 'no name'}{also}; {record.address or 'no address'}"
    since = f" (since {record.authority_since or record.registered_on})"
    known = since if record.authority_since or record.registered_on else ""
    operates = "yes" if record.is_allowed_to_operate else "no"
    yield (
        f"  authority: common {record.common_authority or '-'}, contract {record.contract_authority or '-'}, "
        f"broker {record.broker_authority or '-'}{known}; may operate: {operates}"
    )
    if record.is_out_of_service:
        yield f"  OUT OF SERVICE since {record.out_of_service_since or 'an unknown day'}"
    yield (
        f"  liability insurance {_amount(record.bipd_on_file_cents)}, bond {_amount(record.bond_on_file_cents)}; "
        f"phone {record.phone or '-'}, e-mail {record.email or '-'}"
    )


def _amount(cents: int | None) -> str:
    return dollars(cents) if cents else "none"
