"""What was checked about a carrier: as the seller of its thread or booking reads it, and as the carrier itself does.

A seller reads the public record, the flags in fair words, and that something stands in the way, never what: the carrier
reads that, with what mends it.
"""

from dataclasses import dataclass
from datetime import datetime

from brokers.acting import Side, sides_of
from brokers.models import Booking, Claim, Thread, ThreadStatus
from brokers.trust import Judgement, RuleResult, flags_for_seller, judge_claim, why_not_sold
from foundation.accounts.actor import Actor
from foundation.accounts.models import FederalRecord, Organization
from foundation.accounts.queries import record_of
from foundation.trade.errors import NotFound

_OF_THE_LOAD = "seller"  # the rule that speaks of who sells the load, and not of the carrier
_OF_ONE_MORE = frozenset({"pace", "holds"})
"""Rules about how many claims come how fast: of what is booked already they say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierChecks:
    """What a seller may read of its carrier. `why_not_sold` is about the load, and not about the carrier."""

    carrier: Organization
    record: FederalRecord | None
    flags: tuple[str, ...]
    is_blocked: bool
    is_held: bool
    why_not_sold: str = ""

    @property
    def sentence(self) -> str:
        """What stands in the way of a booking with this carrier, "" where nothing does."""
        if self.is_blocked:
            return (
                f"{self.carrier.name} cannot be booked here at the moment: its federal record or our rules of trust do "
                "not allow it. It can read why, and what mends it."
            )
        return f"We are waiting for the federal registry’s answer about {self.carrier.name}." if self.is_held else ""


def checks_in_thread(actor: Actor, thread: Thread, now: datetime) -> CarrierChecks:
    """Return what the seller's side of a negotiation reads of its carrier; raises `NotFound` for everybody else."""
    if thread.kind != Thread.Kind.CARRIAGE or Side.SELLER not in sides_of(actor, thread, now):
        raise NotFound("There is nothing about a carrier for you here.")
    judgement = judge_claim(carrier=thread.taker, loads=[thread.load], truck=thread.truck, now=now)
    refused = any(each.rule == _OF_THE_LOAD for each in judgement.blocks)
    return _about(
        thread.taker,
        judgement,
        is_booked=thread.status == ThreadStatus.AGREED,
        why_not=why_not_sold(thread.load, actor.organization, now) if refused else "",
    )


def checks_in_booking(viewer: Organization, booking: Booking, now: datetime) -> CarrierChecks:
    """Return what the seller of a booking reads of its carrier, with what was flagged when it claimed; raises
    `NotFound` for everybody else.
    """
    if booking.seller_id != viewer.pk:
        raise NotFound("There is nothing about a carrier for you here.")
    judgement = judge_claim(carrier=booking.carrier, loads=[booking.load], truck=booking.tour.truck, now=now)
    return _about(booking.carrier, judgement, is_booked=True, flagged_then=_flagged_then(booking))


def own_standing(organization: Organization, now: datetime) -> tuple[RuleResult, ...]:
    """Return what the rules of trust say of a carrier now, but for what passes; nothing for who does not haul."""
    if not organization.hauls:
        return ()
    results = judge_claim(carrier=organization, loads=[], now=now).results
    return tuple(each for each in results if each.result != "pass")


def _flagged_then(booking: Booking) -> list[str]:
    claim = Claim.objects.filter(loads__booking=booking).first()
    return flags_for_seller(claim.checks) if claim is not None else []


def _about(
    carrier: Organization,
    judgement: Judgement,
    *,
    is_booked: bool,
    flagged_then: list[str] | None = None,
    why_not: str = "",
) -> CarrierChecks:
    record = record_of(carrier)
    passed_over = {_OF_THE_LOAD} | (_OF_ONE_MORE if is_booked else set())
    return CarrierChecks(
        carrier=carrier,
        record=record if record is not None and record.outcome == "found" else None,
        flags=tuple(dict.fromkeys([*(flagged_then or ()), *flags_for_seller(judgement.stored())])),
        is_blocked=any(each.rule not in passed_over for each in judgement.blocks),
        is_held=bool(judgement.holds),
        why_not_sold=why_not,
    )
