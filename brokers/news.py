"""What becomes of a proposal as facts and notices: the broker reads all of it, each party its own part."""

from typing import Any

from brokers.models import Proposal, ProposalParty, ProposalStatus
from brokers.visibility import party_payload, proposal_payload, seen_loads
from foundation.accounts.models import Organization
from foundation.events.services import notify, publish

_BECAME = {
    ProposalStatus.WELCOMED: "Everybody asked is interested",
    ProposalStatus.DECLINED: "It was declined",
    ProposalStatus.WITHDRAWN: "It was withdrawn",
    ProposalStatus.LAPSED: "It lapsed without an answer from everybody, or a posting changed",
}


def tell_made(proposal: Proposal) -> None:
    """Publish that a proposal was made."""
    _publish("proposal.made", proposal)


def tell_closed(proposal: Proposal) -> None:
    """Publish that a proposal was welcomed, declined, withdrawn, or has lapsed."""
    _publish("proposal.closed", proposal)


def tell_answered(proposal: Proposal, party: ProposalParty) -> None:
    """Publish a party's word: to the broker, and to the party's own people."""
    broker = proposal_payload(proposal)
    publish(
        name="proposal.answered",
        subject=proposal.public_id,
        version=proposal.version,
        audience={
            proposal.broker.public_id: broker,
            party.organization.public_id: party_payload(proposal, party),
        },
    )


def note_to_parties(proposal: Proposal) -> None:
    """Put a notice under the bell of each party: that it was made, or withdrawn."""
    made = proposal.status == ProposalStatus.OPEN
    for party in _parties(proposal):
        lane = lane_of(proposal, party)
        word = "offers" if proposal.kind == Proposal.Kind.OFFER else "suggests"
        what = f"a load for your truck: {lane}" if party.role == ProposalParty.Role.CARRIER else f"a truck for {lane}"
        text = f"{proposal.broker} {word} {what}." if made else f"{proposal.broker} withdrew its proposal: {lane}."
        _notify(proposal, party.organization, f"{proposal.public_id}:{proposal.status}", text)


def note_to_broker(proposal: Proposal, party: ProposalParty | None = None) -> None:
    """Put a notice under the broker's bell: what a party said, or that the proposal has lapsed."""
    if party is None:
        text = f"{_BECAME[ProposalStatus.LAPSED]}: your proposal {lane_of(proposal)}."
        _notify(proposal, proposal.broker, f"{proposal.public_id}:{proposal.status}", text)
        return
    who = "A party" if party.organization.hides_name else str(party.organization)
    said = "is interested in" if party.answer == ProposalParty.Answer.INTERESTED else "declined"
    key = f"{proposal.public_id}:{party.pk}:{party.answer}"
    _notify(proposal, proposal.broker, key, f"{who} {said} your proposal {lane_of(proposal)}.")


def became(proposal: Proposal) -> str:
    """Return what became of a closed proposal in words, "" while it is open."""
    return _BECAME.get(ProposalStatus(proposal.status), "")


def lane_of(proposal: Proposal, party: ProposalParty | None = None) -> str:
    """Return the lane of the first to the last load that a party may see of the proposal; the broker sees all."""
    loads = seen_loads(proposal, party)
    return f"{loads[0].first_stop.town} to {loads[-1].last_stop.town}"


def _notify(proposal: Proposal, organization: Organization, key: str, text: str) -> None:
    notify(key=key, organization_id=organization.public_id, text=text, url=f"/proposals/{proposal.public_id}/")


def _parties(proposal: Proposal) -> list[ProposalParty]:
    return list(proposal.parties.select_related("organization").order_by("pk"))


def _publish(name: str, proposal: Proposal) -> None:
    audience: dict[str, dict[str, Any]] = {proposal.broker.public_id: proposal_payload(proposal)}
    for party in _parties(proposal):
        audience[party.organization.public_id] = party_payload(proposal, party)
    publish(name=name, subject=proposal.public_id, version=proposal.version, audience=audience)
