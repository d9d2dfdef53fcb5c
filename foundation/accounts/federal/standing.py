"""Whether the registry's record lets an organization be verified for what it does, in one sentence."""

from datetime import datetime

from foundation.accounts.models import FederalOutcome, FederalRecord, Organization
from foundation.accounts.models.federal import ACTIVE, BROKER_BOND_CENTS
from foundation.trade.money import dollars

INACTIVE = "I"


def refusal(organization: Organization, record: FederalRecord | None, now: datetime) -> str:
    """Return why the record does not verify an organization, and what would mend it; "" where it does.

    A private fleet has no authority to haul for others (`N`) and needs none for its own freight: it is verified, and
    the rules of trust refuse it others' loads. An authority that was revoked (`I`) is another thing.
    """
    number = organization.usdot_number
    if not number:
        return "There is no USDOT number to look up. An owner enters it under Organization → Edit."
    if record is None or record.outcome == FederalOutcome.FAILED:
        return "The federal registry has not answered yet. Ask for the record; that takes a minute."
    if not record.is_fresh(now):
        return "The record is older than a day. Ask for it again first."
    if record.outcome == FederalOutcome.NOT_FOUND:
        return f"The federal registry knows no USDOT number {number}. Correct it under Organization → Edit."
    if record.is_out_of_service:
        return "The federal registry lists this number as out of service. Try again once FMCSA has lifted the order."
    if not record.is_allowed_to_operate:
        return "The federal registry says that this number is not allowed to operate. Clear that up with FMCSA first."
    hauling = {record.common_authority, record.contract_authority}
    if organization.hauls and ACTIVE not in hauling and INACTIVE in hauling:
        return "The authority to haul was revoked or has lapsed. Try again once FMCSA shows it as active."
    if organization.brokers and record.broker_authority != ACTIVE:
        return "The federal registry shows no active broker authority for this number."
    if organization.brokers and not record.may_broker:
        on_file = dollars(record.bond_on_file_cents) if record.bond_on_file_cents else "none"
        return f"A broker needs {dollars(BROKER_BOND_CENTS)} of bond or trust on file with FMCSA; {on_file} is on file."
    return ""


def masked(email: str) -> str:
    """Return an address of which only its owner knows the rest: "d•••@homeward.example"."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}•••@{domain}" if domain else ""
