"""What becomes of a proposal: a party's word, the broker's withdrawal, the end of its time or of a posting."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from brokers.models import PROPOSAL_MOVES, Proposal, ProposalParty, ProposalStatus
from brokers.news import note_to_broker, note_to_parties, tell_answered, tell_closed
from brokers.queries import parties_parted, proposal_made_by, proposal_to
from foundation.accounts.actor import Actor
from foundation.events.reactions import Settle
from foundation.events.services import record_audit
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Invalid
from foundation.trade.status import change_status

BATCH = 200
Answer = ProposalParty.Answer

_OVER = "This proposal is not open any more. Reload the page to see what became of it."


def answer_proposal(*, actor: Actor, proposal_id: str, answer: str) -> Proposal:
    """Record a party's word, "interested" or "declined", and tell the broker; the same word twice is once.

    A declined proposal is closed; one that everybody asked is interested in is welcomed. Raises `Forbidden`,
    `NotFound` for a proposal to others, `Invalid` for another word, `Conflict` when it is over or was answered.
    """
    actor.require("offers:write")
    actor.require_confirmed_email()
    with transaction.atomic():
        found = proposal_to(actor.organization, proposal_id)
        if answer not in Answer.values:
            raise Invalid([FieldProblem("answer", "invalid_choice", "Answer with interested or declined.")])
        proposal = _locked(found.pk)
        now = clock.now()
        party = proposal.parties.get(organization=actor.organization)
        if party.answer == answer:
            return proposal
        if proposal.status != ProposalStatus.OPEN or proposal.expires_at <= now:
            raise Conflict("proposal_over", _OVER)
        # Interest may turn into a refusal while the others are still waited for, never the other way round.
        if party.answer == Answer.DECLINED:
            raise Conflict("already_answered", "You have declined this proposal already.")
        party.answer, party.answered_by, party.answered_at = answer, actor.person, now
        party.save(update_fields=["answer", "answered_by", "answered_at"])
        _close_if_decided(proposal, now)
        tell_answered(proposal, party)
        note_to_broker(proposal, party)
        _audit(actor, f"proposal.{answer}", proposal)
    return proposal


def withdraw_proposal(*, actor: Actor, proposal_id: str) -> Proposal:
    """Take an own open proposal back. Raises `Forbidden`, `NotFound`, `Conflict` when it is over already."""
    actor.require("offers:write")
    with transaction.atomic():
        proposal = proposal_made_by(actor.organization, proposal_id)
        _close(proposal, ProposalStatus.WITHDRAWN, clock.now())
        note_to_parties(proposal)
        _audit(actor, "proposal.withdrawn", proposal)
    return proposal


def lapse_due() -> int:
    """Close the open proposals whose time is over, or whose parties may not be brought together any more; return how
    many.
    """
    return _lapse(lambda now: Q(expires_at__lte=now) | parties_parted(now))


def lapse_of_postings(*, subjects: Sequence[str], settle: Settle) -> int:
    """Close the open proposals about loads or legs that left the market or were edited; return how many."""
    count = 0
    for subject in subjects:
        with transaction.atomic():
            theirs = Q(leg__public_id=subject) | Q(loads__load__public_id=subject)
            rows = Proposal.objects.filter(theirs, status=ProposalStatus.OPEN).distinct().order_by("pk")
            for proposal in rows.select_related("leg").prefetch_related("loads__load"):
                if not _stands(proposal):
                    count += _lapse_one(proposal.pk, clock.now())
            settle(subject)
    return count


def _stands(proposal: Proposal) -> bool:
    """Say whether truck and loads are still open and as they were proposed."""
    postings = [(proposal.leg, proposal.leg_version)]
    postings += [(each.load, each.load_version) for each in proposal.loads.all()]  # type: ignore[misc]
    return all(row.status == "open" and row.version == version for row, version in postings)


def _lapse(due: Callable[[datetime], Q]) -> int:
    count = 0
    now = clock.now()
    keys = Proposal.objects.filter(due(now), status=ProposalStatus.OPEN).order_by("pk").values_list("pk", flat=True)
    for key in list(keys[:BATCH]):
        with transaction.atomic():
            count += _lapse_one(key, now)
    return count


def _lapse_one(key: int, now: datetime) -> int:
    proposal = _locked(key)
    if proposal.status != ProposalStatus.OPEN:
        return 0
    _close(proposal, ProposalStatus.LAPSED, now)
    note_to_broker(proposal)
    return 1


def _locked(key: int) -> Proposal:
    """Return a proposal, locked: of two words at once the second one sees the first."""
    rows = Proposal.objects.select_for_update(of=("self",)).select_related("broker", "leg__organization")
    return rows.get(pk=key)


def _close_if_decided(proposal: Proposal, now: datetime) -> None:
    words = list(proposal.parties.values_list("is_asked", "answer"))
    if any(word == Answer.DECLINED for _, word in words):
        _close(proposal, ProposalStatus.DECLINED, now)
    elif all(word == Answer.INTERESTED for asked, word in words if asked):
        _close(proposal, ProposalStatus.WELCOMED, now)


def _close(proposal: Proposal, status: str, now: datetime) -> None:
    change_status(proposal, to=status, moves=PROPOSAL_MOVES, fact=tell_closed, sentence=_OVER, closed_at=now)


def _audit(actor: Actor, action: str, proposal: Proposal) -> None:
    owner = actor.organization.public_id
    record_audit(organization_id=owner, actor=actor, action=action, subject=proposal.public_id, changes={})
