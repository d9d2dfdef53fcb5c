"""Contentions as one of their sides reads them on the page of a booking."""

from dataclasses import dataclass
from datetime import datetime

from brokers.contentions.queries import may_answer, may_withdraw, waits
from brokers.contentions.visibility import claim_words, contentions_read_by
from brokers.models import Agreement, Booking, Contention, ContentionStatus
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.trade.money import dollars

_PARTS = (("tonu_cents", "for the truck ordered, not used"), ("deadhead_cents", "for miles driven empty"))


@dataclass(frozen=True, slots=True)
class ContentionRow:
    """A contention in words: who says what, what hangs on it, who may answer or withdraw it, and how it ended."""

    row: Contention
    waits: bool
    may_answer: bool
    may_withdraw: bool

    @property
    def title(self) -> str:
        """What the card is called."""
        return "Between shipper and broker" if self.row.agreement == Agreement.SALE else "What hangs on a word"

    @property
    def standing(self) -> str:
        """Where it stands; what is past its time is not answered, also before a sweep has come by."""
        open_but_late = self.row.status == ContentionStatus.OPEN and not self.waits
        return ContentionStatus.UNANSWERED.label if open_but_late else str(self.row.get_status_display())

    @property
    def said(self) -> str:
        """Who says what."""
        return claim_words(self.row)

    @property
    def means(self) -> str:
        """What hangs on it, and how it stands by now."""
        row = self.row
        parts = " and ".join(f"{dollars(getattr(row, name))} {words}" for name, words in _PARTS if getattr(row, name))
        if row.relieves:
            return f"By the clock it owes {row.asked} {parts}; that {self._stays}."
        if row.status == ContentionStatus.AGREED:
            return f"{row.asked} owes it {parts}."
        if row.status == ContentionStatus.WITHDRAWN:
            return f"It claimed {parts}. {row.asked} owes nothing of it."
        return f"It claims {parts}. {row.asked} owes nothing of it unless it agrees."

    @property
    def _stays(self) -> str:
        match self.row.status:
            case ContentionStatus.AGREED:
                return "is not owed any more"
            case ContentionStatus.WITHDRAWN:
                return "stays owed"
            case _:
                return "stays owed unless it agrees"

    @property
    def agree_words(self) -> str:
        """What the button of agreement says."""
        amount = dollars(self.row.cents)
        return f"It was so: nothing of the {amount} is owed" if self.row.relieves else f"It was so: {amount} is owed"

    @property
    def withdraw_words(self) -> str:
        """What withdrawing it means, said before the button is pressed."""
        amount, asked = dollars(self.row.cents), self.row.asked
        if self.row.relieves:
            return f"If you withdraw it, the {amount} stays owed to {asked}, and it cannot be said again."
        return f"If you withdraw it, {asked} owes nothing of the {amount}, and it cannot be said again."

    @property
    def last_words(self) -> str:
        """What was written when it ended: the answer, or why it was withdrawn."""
        return self.row.withdrawn_because if self.row.status == ContentionStatus.WITHDRAWN else self.row.answer

    @property
    def ended(self) -> str:
        """How it ended, by whom."""
        if self.row.status == ContentionStatus.WITHDRAWN:
            by = self.row.withdrawn_by_organization
            acted = f", by {by}" if by is not None and by.pk != self.row.claimant_id else ""
            return f"{self.row.claimant} withdrew it{acted}."
        if self.row.status == ContentionStatus.UNANSWERED:
            return f"{self.row.asked} did not answer, so nothing changed. Settle it between you."
        by = self.row.answered_by_organization
        acted = f", by {by}" if by is not None and by.pk != self.row.asked_id else ""
        return f"{self.row.asked} {'agreed' if self.row.status == ContentionStatus.AGREED else 'disputed it'}{acted}."


def contention_rows(booking: Booking, side: Organization, actor: Actor, now: datetime) -> list[ContentionRow]:
    """Return the contentions of a booking that a side of it reads, for an actor that is that side or acts for it."""
    return [_row(row, actor, now) for row in contentions_read_by(booking, side, by=actor.organization)]


def _row(row: Contention, actor: Actor, now: datetime) -> ContentionRow:
    still = waits(row, now)
    return ContentionRow(
        row=row,
        waits=still,
        may_answer=still and may_answer(actor, row, now),
        may_withdraw=still and may_withdraw(actor, row, now),
    )
