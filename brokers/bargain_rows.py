"""Threads and their offers as one organization reads them on a page: its side, whose turn it is, what changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from brokers.acting import Side, side_organization
from brokers.holding import hold_of, hold_sentence
from brokers.models import Offer, OfferStatus, Thread, ThreadStatus
from brokers.outcomes import status_at
from brokers.queries import represented_keys
from brokers.terms import BargainTerms, StopTime, differences, terms_of
from brokers.thread_queries import offers_in
from foundation.accounts.models import Organization
from foundation.trade.money import dollars
from foundation.trade.windows import window_words
from loads.models import Stop, StopKind

FIELD_WORDS = {
    "rate_cents": "All-in rate",
    "linehaul_cents": "Linehaul",
    "fuel_surcharge_cents": "Fuel surcharge",
    "free_minutes": "Free time at each stop",
    "detention_cents_per_hour": "Detention an hour",
    "tonu_cents": "Truck ordered, not used",
    "layover_cents": "Layover a day",
    "payment_days": "Paid within",
    "notes": "Note",
}
SELLER, TAKER = Side.SELLER.value, Side.TAKER.value


@dataclass(frozen=True, slots=True)
class Change:
    """One field of the terms that differs from the offer before, as people read it."""

    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer with what it changed. `is_ours`: it was made for the reader's side; `is_live`: it stands; `hold` is what
    the reader's side reads of a check of the carrier that it waits, or waited, for.
    """

    offer: Offer
    terms: BargainTerms
    changes: list[Change]
    is_ours: bool
    is_live: bool
    status: str
    hold: str = ""

    @property
    def held_until(self) -> datetime | None:
        """Until when the load of a held offer is reserved at the latest."""
        hold = hold_of(self.offer)
        return hold.held_until if hold is not None else None

    @property
    def status_words(self) -> str:
        """The same in words."""
        return OfferStatus(self.status).label


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A thread as its reader stands to it.

    `ours` are the sides that the reader is or acts for, its own first.
    """

    thread: Thread
    viewer: Organization
    ours: tuple[str, ...]
    offers: list[OfferRow] = field(default_factory=list)

    @property
    def side(self) -> str:
        """The side that the reader speaks for at this point: of both, the one that has to answer."""
        live = self.live
        if live is not None and len(self.ours) > 1:
            return TAKER if live.offer.made_for_id == self.thread.seller_id else SELLER
        return self.ours[0] if self.ours else ""

    @property
    def party(self) -> Organization:
        """The organization that the reader speaks for."""
        return self.thread.taker if self.side == TAKER else self.thread.seller

    @property
    def other(self) -> Organization:
        """The organization across the table."""
        return self.thread.seller if self.side == TAKER else self.thread.taker

    @property
    def is_acting(self) -> bool:
        """Whether the reader speaks for somebody else."""
        return self.party.pk != self.viewer.pk

    def stands_for(self, organization: Organization) -> bool:
        """Say whether the reader is this side of the thread, or acts for it."""
        keys = {SELLER: self.thread.seller_id, TAKER: self.thread.taker_id}
        return organization.pk in {keys[side] for side in self.ours}

    @property
    def owns_truck(self) -> bool:
        """Whether the reader is the carrier itself, who alone reads which truck, driver and base are meant."""
        return self.viewer.pk == self.thread.taker_id and self.thread.kind == Thread.Kind.CARRIAGE

    @property
    def knows_load(self) -> bool:
        """Whether the load may be shown: once it is over, one that has changed since may be out of a taker's sight."""
        last = self.last
        same = last is None or last.offer.load_version == self.thread.load.version
        sells = self.viewer.pk in (self.thread.seller_id, self.thread.load.seller_id)
        return self.is_open or same or sells

    @property
    def live(self) -> OfferRow | None:
        """The offer that stands, if there is one."""
        return next((row for row in reversed(self.offers) if row.is_live), None)

    @property
    def held(self) -> OfferRow | None:
        """The offer that is accepted and waits for the check of the carrier, if there is one."""
        return next((row for row in reversed(self.offers) if row.status == OfferStatus.HELD), None)

    @property
    def last(self) -> OfferRow | None:
        """The newest offer, whatever became of it."""
        return self.offers[-1] if self.offers else None

    @property
    def is_open(self) -> bool:
        """Whether the two sides may still come to terms."""
        return self.thread.status == ThreadStatus.OPEN

    @property
    def is_our_turn(self) -> bool:
        """Whether the live offer waits for the reader's answer."""
        live = self.live
        return live is not None and live.offer.made_for_id != self.party.pk

    @property
    def is_superseded(self) -> bool:
        """Whether the newest offer fell because the load changed, so that a new one may take its place."""
        last = self.last
        return self.is_open and last is not None and last.status == OfferStatus.SUPERSEDED


def thread_rows(threads: Iterable[Thread], viewer: Organization, now: datetime) -> list[ThreadRow]:
    """Return threads as the viewer, a side or the broker of one, reads them; expects what `whole` loads."""
    represented = represented_keys(viewer, now) if viewer.brokers else set()
    return [_thread_row(thread, viewer, represented, now) for thread in threads]


def _thread_row(thread: Thread, viewer: Organization, represented: set[int], now: datetime) -> ThreadRow:
    own = [side for side in Side if side_organization(thread, side).pk == viewer.pk]
    theirs = [side for side in (Side.TAKER, Side.SELLER) if side_organization(thread, side).pk in represented]
    acts = [side for side in theirs if side not in own] if thread.kind == Thread.Kind.CARRIAGE else []
    ours = tuple(side.value for side in (*own, *acts))
    row = ThreadRow(thread, viewer, ours)
    mine = {thread.seller_id if side == SELLER else thread.taker_id for side in ours[:1]}
    before: BargainTerms | None = None
    for offer in offers_in(thread):
        terms = terms_of(offer)
        # the stops of a load that has changed since are other ones
        stops = list(thread.load.stops.all()) if offer.load_version == thread.load.version else []
        changes = changes_between(before, terms, stops) if before else []
        is_live = status_at(offer, now) == OfferStatus.LIVE
        hold = hold_sentence(offer, viewer, of_carrier=TAKER in ours)
        status = status_at(offer, now)
        row.offers.append(OfferRow(offer, terms, changes, offer.made_for_id in mine, is_live, status, hold))
        before = terms
    return row


def waiting_first(rows: Iterable[ThreadRow]) -> list[ThreadRow]:
    """Return rows with what waits for the reader in front, the one that ends first at the top; closed ones last."""

    def key(row: ThreadRow) -> tuple[int, float]:
        live = row.live
        if row.is_open and row.is_our_turn and live:
            return 0, live.offer.expires_at.timestamp()
        if row.is_superseded:
            return 1, -row.thread.moved_at.timestamp()
        if row.is_open:
            return 2, -row.thread.moved_at.timestamp()
        return 3, -row.thread.moved_at.timestamp()

    return sorted(rows, key=key)


def ranked(rows: Iterable[ThreadRow]) -> list[ThreadRow]:
    """Return the threads of one load as its seller compares them: live offers by rate, the lowest first."""

    def key(row: ThreadRow) -> tuple[int, int, float]:
        if row.held:
            return -1, 0, 0
        if row.live:
            return 0, row.live.terms.rate_cents, row.live.offer.made_at.timestamp()
        return (1 if row.is_open else 2), 0, -row.thread.moved_at.timestamp()

    return sorted(rows, key=key)


def changes_between(before: BargainTerms, after: BargainTerms, stops: Sequence[Stop]) -> list[Change]:
    """Return what differs between two terms, in words; the linehaul only where a fuel surcharge is named."""
    found = []
    by_sequence = {stop.sequence: stop for stop in stops}
    is_all_in = not before.fuel_surcharge_cents and not after.fuel_surcharge_cents
    for name, (old, new) in differences(before, after).items():
        if name == "linehaul_cents" and is_all_in:
            continue
        if name.startswith("stop_times."):
            stop = by_sequence.get(int(name.removeprefix("stop_times.")))
            if stop is not None:
                found.append(Change(name, stop_words(stop), _time_words(old, stop), _time_words(new, stop)))
            continue
        found.append(Change(name, FIELD_WORDS[name], value_words(name, old), value_words(name, new)))
    return found


def stop_words(stop: Stop) -> str:
    """Return "Pickup in Chicago, IL"."""
    return f"{StopKind(stop.kind).label} in {stop.town}"


def value_words(name: str, value: Any) -> str:
    """Return a value of the terms as people read it."""
    if name in {"rate_cents", "linehaul_cents"}:
        return dollars(value)
    if name.endswith(("_cents", "_cents_per_hour")):
        return dollars(value) if value else "none"
    if name == "free_minutes":
        return f"{value} min"
    if name == "payment_days":
        return f"{value} day{'' if value == 1 else 's'}"
    return str(value) or "none"


def _time_words(time: StopTime | None, stop: Stop) -> str:
    if time is None:
        return "not said"
    words = window_words(time.opens_at, time.closes_at, stop.time_zone)
    return f"{words}, by appointment" if time.by_appointment else words
