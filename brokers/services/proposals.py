"""Proposing a line of a network plan to the truck's carrier and the loads' shippers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from brokers.models import Proposal, ProposalParty, ProposalStatus, ProposedLoad
from brokers.news import note_to_parties, tell_made
from brokers.queries import represented_keys
from carriers.models import ReturnLeg
from foundation.accounts.actor import Actor
from foundation.accounts.audience import Sight
from foundation.accounts.models import Capability, Organization
from foundation.events.services import record_audit
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict
from loads.models import Load
from matching.facing import owners_of, sees_load
from matching.models import PlanLine
from matching.plans import in_sight, line_of, plan_of

OFFER_LASTS = timedelta(minutes=30)
SUGGESTION_LASTS = timedelta(hours=24)
Role = ProposalParty.Role

_MOVED_ON = "This line does not stand any more: {} Ask for a new plan."
_ALREADY = Conflict(
    "already_proposed",
    "You have an open proposal for this truck already. Wait for the answers, or withdraw it first.",
)


@dataclass(frozen=True, slots=True)
class _Sides:
    """The truck and the loads of a line as they stand, locked, with their owners by key."""

    leg: ReturnLeg
    loads: list[Load]

    @property
    def shippers(self) -> dict[int, Organization]:
        return {load.sold_by.pk: load.sold_by for load in self.loads}

    @property
    def owners(self) -> dict[int, Organization]:
        return self.shippers | {self.leg.organization_id: self.leg.organization}


def propose_line(*, actor: Actor, plan_id: str, line_id: str) -> Proposal:
    """Put a line before the parties: an offer for 30 minutes where a side is represented, a suggestion for 24 hours
    otherwise.

    Raises `Forbidden`, `NotFound` for a plan or line that is not the organization's own, `Conflict` when the line does
    not stand any more, when its sides cannot be put in touch, or when the truck has an open proposal already.
    """
    actor.require("offers:write")
    actor.require_posting(Capability.BROKERS)
    broker = actor.organization
    plan = plan_of(broker, plan_id)
    line = line_of(broker, plan, line_id, clock.now())
    with transaction.atomic():
        sides = _locked(line)
        now = clock.now()
        dropped = in_sight(broker, [line], now).why_dropped(line)
        if dropped:
            raise Conflict("line_moved_on", _MOVED_ON.format(dropped))
        _check_that_they_may_meet(broker, sides, now)
        _check_that_they_have_not_answered(broker, line)
        with refusing(
            {"one_open_proposal_per_line": _ALREADY, "one_open_proposal_per_broker_and_truck": _ALREADY},
        ):
            proposal = _store(actor, line, sides, now)
        tell_made(proposal)
        note_to_parties(proposal)
        changes = {"kind": proposal.kind, "line": line.public_id, "truck": sides.leg.public_id}
        changes["loads"] = ", ".join(load.public_id for load in sides.loads)
        record_audit(
            organization_id=broker.public_id,
            actor=actor,
            action="proposal.made",
            subject=proposal.public_id,
            changes=changes,
        )
    return proposal


def _locked(line: PlanLine) -> _Sides:
    """Lock the line's loads and leg, in the house's order, so that none is withdrawn or edited meanwhile."""
    keys = [each.load_id for each in line.loads.all()]
    rows = Load.objects.select_for_update(of=("self",)).select_related("organization", "seller")
    rows = rows.prefetch_related("stops")
    found = {load.pk: load for load in rows.filter(pk__in=keys).order_by("pk")}
    legs = ReturnLeg.objects.select_for_update(of=("self",)).select_related("organization")
    return _Sides(leg=legs.get(pk=line.leg_id), loads=[found[key] for key in keys])


def _check_that_they_may_meet(broker: Organization, sides: _Sides, now: datetime) -> None:
    """Raise `Conflict` unless carrier and shipper see each other's posting, for each load; why is their business."""
    owners = sides.owners
    everybody = (owners | owners_of(sides.loads)).values()
    sight = Sight(viewers=owners.values(), owners=everybody, now=now)
    leg = sides.leg
    for load in sides.loads:
        there = sees_load(sight, leg.organization_id, load)
        back = sight.sees(load.sold_by.pk, leg.organization_id, leg.audience, leg.partners_first_until)
        if not (there and back):
            raise Conflict("cannot_meet", "These parties cannot be put in touch here. Choose another line.")
    if set(owners) == {broker.pk}:
        raise Conflict("nobody_to_ask", "Truck and loads are your own: there is nobody to propose this to.")


def _check_that_they_have_not_answered(broker: Organization, line: PlanLine) -> None:
    """Raise `Conflict` when the parties have welcomed or declined the same truck and loads on the same terms before."""
    wanted = [(each.load_id, each.load_version) for each in line.loads.all()]
    before = Proposal.objects.filter(
        broker=broker,
        leg=line.leg,
        leg_version=line.leg_version,
        status__in=[ProposalStatus.WELCOMED, ProposalStatus.DECLINED],
    )
    for proposal in before.prefetch_related("loads"):
        if [(each.load_id, each.load_version) for each in proposal.loads.all()] == wanted:
            said = "are interested in" if proposal.status == ProposalStatus.WELCOMED else "declined"
            raise Conflict("already_answered", f"The parties {said} just this already. Choose another line.")


def _store(actor: Actor, line: PlanLine, sides: _Sides, now: datetime) -> Proposal:
    broker = actor.organization
    acts_for = represented_keys(broker, now) | {broker.pk}
    represented = {key for key in sides.owners if key in acts_for}
    kind = Proposal.Kind.OFFER if represented else Proposal.Kind.SUGGESTION
    proposal = Proposal.objects.create(
        broker=broker,
        plan_public_id=line.plan.public_id,
        line_public_id=line.public_id,
        kind=kind,
        leg=sides.leg,
        leg_version=line.leg_version,
        market_gain_cents=line.market_gain_cents,
        empty_miles_saved=line.empty_miles_saved,
        made_by=actor.person,
        made_at=now,
        expires_at=now + (OFFER_LASTS if kind == Proposal.Kind.OFFER else SUGGESTION_LASTS),
    )
    ProposedLoad.objects.bulk_create(
        ProposedLoad(
            proposal=proposal, position=position, load=load, load_version=load.version, rate_cents=load.rate_cents
        )
        for position, load in enumerate(sides.loads)
    )
    # Those whom the broker acts for are told, and asked only where there is nobody else to ask.
    others = set(sides.owners) - {broker.pk}
    asked = others - represented or others
    ProposalParty.objects.bulk_create(
        ProposalParty(
            proposal=proposal,
            organization=sides.owners[key],
            role=Role.CARRIER if key == sides.leg.organization_id else Role.SHIPPER,
            is_represented=key in represented,
            is_asked=key in asked,
        )
        for key in sorted(others)
    )
    return proposal
