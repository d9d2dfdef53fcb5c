"""What is told by mail of proposals; `brokers.news` puts them under the bell in the transaction of their change."""

from brokers.models import ProposalStatus
from brokers.notices.notes import Note, Payload, Reader, amount, filled, until
from foundation.events.queries import notice_of
from foundation.trade.news import NewsKind


def proposal_made(proposal: Payload, reader: Reader) -> Note | None:
    """Tell a party of a proposal, in the words that stand under its bell; its broker made it and knows."""
    if "your_role" not in proposal:
        return None
    stands = notice_of(reader.id, f"{proposal['id']}:{ProposalStatus.OPEN}")
    if stands is None:
        return None
    rows = filled(
        ("Worth more than driving home empty", amount(proposal["market_gain"])),
        ("Stands until", until(proposal["expires_at"], reader)),
    )
    return Note(
        kind=NewsKind.PROPOSAL,
        text=stands.text,
        url=stands.url,
        subject=stands.text.removesuffix("."),
        button="Read it and answer",
        rows=rows,
        is_in_page=False,
    )
