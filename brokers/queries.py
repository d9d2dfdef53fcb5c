"""The desk: the matches that an organization may see, less what it has put aside; and the proposals that it made or
received.
"""

from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from brokers.models import MatchDecision, Proposal, ProposalParty, ProposalStatus, ProposedLoad
from foundation.accounts.audience import standing
from foundation.accounts.models import Organization, RelationshipKind
from foundation.accounts.queries import represented_by
from foundation.trade.errors import NotFound
from matching.models import Match
from matching.queries import desk_matches


def _put_aside(viewer: Organization, now: datetime) -> Q:
    """Return the condition of matches that the viewer has dismissed, or snoozed until after now."""
    mine = MatchDecision.objects.filter(organization=viewer, match_public_id=OuterRef("public_id"))
    return Q(Exists(mine.filter(Q(kind=MatchDecision.Kind.DISMISS) | Q(until__gt=now))))


def desk(viewer: Organization, now: datetime, *, put_aside: bool = False) -> QuerySet[Match]:
    """Return the viewer's desk, best market gain first; with `put_aside` what was dismissed or snoozed instead."""
    condition = _put_aside(viewer, now)
    return desk_matches(viewer, now).filter(condition if put_aside else ~condition)


def represented_only(rows: QuerySet[Match], viewer: Organization, now: datetime) -> QuerySet[Match]:
    """Return the matches of which the viewer represents a side."""
    givers = represented_by(viewer, now).values("pk")
    loads = Q(load__organization__in=givers, load__seller__isnull=True)  # what a broker sells, that broker acts for
    return rows.filter(loads | Q(leg__organization__in=givers))


def decision_on(viewer: Organization, match_id: str, now: datetime) -> MatchDecision | None:
    """Return what the viewer decided about a match, while it holds: a snooze ends."""
    rows = MatchDecision.objects.filter(Q(until__isnull=True) | Q(until__gt=now), organization=viewer)
    return rows.filter(match_public_id=match_id).select_related("decided_by").first()


def represented_keys(viewer: Organization, now: datetime) -> set[int]:
    """Return the keys of the organizations that the viewer may act for."""
    return set(represented_by(viewer, now).values_list("pk", flat=True))


def proposals_made_by(viewer: Organization) -> QuerySet[Proposal]:
    """Return the proposals that the viewer made as a broker, newest first."""
    return _whole(Proposal.objects.filter(broker=viewer))


def proposals_to(viewer: Organization) -> QuerySet[Proposal]:
    """Return the proposals of which the viewer is a party, newest first."""
    return _whole(Proposal.objects.filter(parties__organization=viewer))


def proposals_of(viewer: Organization) -> QuerySet[Proposal]:
    """Return the proposals that the viewer made or is a party of, newest first."""
    mine = Q(broker=viewer) | Q(Exists(ProposalParty.objects.filter(proposal=OuterRef("pk"), organization=viewer)))
    return _whole(Proposal.objects.filter(mine))


def proposal_of(viewer: Organization, public_id: str) -> Proposal:
    """Return a proposal that the viewer made or is a party of; raises `NotFound`."""
    return _found(proposals_of(viewer), public_id)


def proposal_made_by(viewer: Organization, public_id: str) -> Proposal:
    """Return a proposal that the viewer made; raises `NotFound`."""
    return _found(proposals_made_by(viewer), public_id)


def proposal_to(viewer: Organization, public_id: str) -> Proposal:
    """Return a proposal of which the viewer is a party; raises `NotFound`."""
    return _found(proposals_to(viewer), public_id)


def open_proposals_to(viewer: Organization, now: datetime) -> QuerySet[Proposal]:
    """Return the open proposals on which the viewer has not said its word, those that end first in front."""
    waiting = ProposalParty.objects.filter(proposal=OuterRef("pk"), organization=viewer, answer="")
    rows = proposals_to(viewer).filter(Exists(waiting), status=ProposalStatus.OPEN, expires_at__gt=now)
    return rows.order_by("expires_at", "pk")


def parties_parted(now: datetime) -> Q:
    """Return the condition of proposals whose parties may not be brought together any more: the broker may not act for
    a side that it acted for, one of them is not verified, or one that it brings together blocks another.
    """
    in_force = standing(now)
    parties = ProposalParty.objects.filter(proposal=OuterRef("pk"))
    granted = in_force.filter(kind=RelationshipKind.REPRESENTS, taker=OuterRef("proposal__broker"))
    ungranted = parties.filter(~Exists(granted.filter(giver=OuterRef("organization"))), is_represented=True)
    unverified = parties.filter(organization__verified_at__isnull=True)
    blocks = in_force.filter(kind=RelationshipKind.BLOCKED)
    shipper = ProposalParty.Role.SHIPPER
    # the broker and a party, or the truck's carrier and a shipper, block one another; two shippers need not deal
    ends = [("proposal__broker", parties), ("proposal__leg__organization", parties.filter(role=shipper))]
    blocked = [
        Exists(rows.filter(Exists(blocks.filter(giver=OuterRef(one), taker=OuterRef(other)))))
        for end, rows in ends
        for one, other in ((end, "organization"), ("organization", end))
    ]
    return reduce(or_, map(Q, [Exists(ungranted), Exists(unverified), *blocked]), Q(broker__verified_at__isnull=True))


def proposals_about(viewer: Organization, *, posting_id: str) -> QuerySet[Proposal]:
    """Return the viewer's proposals, made or received, about a load or leg, newest first."""
    theirs = ProposedLoad.objects.filter(proposal=OuterRef("pk"), load__public_id=posting_id)
    return proposals_of(viewer).filter(Q(leg__public_id=posting_id) | Exists(theirs))


def _whole(rows: QuerySet[Proposal]) -> QuerySet[Proposal]:
    whole = rows.select_related("broker", "made_by", "leg__organization", "leg__truck")
    return whole.prefetch_related("loads__load__stops", "loads__load__organization", "parties__organization").order_by(
        "-pk"
    )


def _found(rows: QuerySet[Proposal], public_id: str) -> Proposal:
    proposal = rows.filter(public_id=public_id).first()
    if proposal is None:
        raise NotFound("There is no such proposal here.")
    return proposal
