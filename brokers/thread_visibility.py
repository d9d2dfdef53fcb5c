"""Who reads what of a thread and its offers: the one place that pages, REST and facts take them from.

Both sides read every offer of their thread and each other's business contact. Which truck it is by number, its driver,
trailer and home base, and when it must be home after an outbound load, only the taker's own people read; the booking
tells the seller what it needs. Reserve and floor stand nowhere in here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from brokers.acting import (
    Side,
    agents_among,
    agents_of,
    both_sides_sentence,
    on_both_sides,
    organizations_of,
    other,
    side_organization,
)
from brokers.holding import hold_fields
from brokers.models import Booking, Offer, OfferStatus, Thread, ThreadStatus
from brokers.models.threads import MOST_COUNTERS
from brokers.outcomes import outcome_sentence, status_at
from brokers.terms import BargainTerms, StopTime, differences, posted_times, terms_of
from brokers.thread_queries import offers_in
from foundation.accounts.models import Organization
from foundation.rest.fields import instant, money, named, numbered
from foundation.trade import clock
from foundation.trade.posting import Status
from foundation.trade.windows import wall_text
from loads.models import Stop


@dataclass(frozen=True, slots=True)
class Sight:
    """How somebody reads threads: who, on which sides of this one, when, and who stands on both sides of it."""

    viewer: Organization
    sides: frozenset[Side]
    now: datetime
    both: tuple[Organization, ...] = ()

    @property
    def side(self) -> Side | None:
        """The side that the viewer is or represents; of both the one that it is, or else the taker's."""
        if not self.sides:
            return None
        return next(iter(self.sides)) if len(self.sides) == 1 else Side.TAKER

    def owns(self, thread: Thread, side: Side) -> bool:
        """Say whether the viewer is this side itself."""
        return self.viewer.pk == (thread.seller_id if side is Side.SELLER else thread.taker_id)


def sight_of(thread: Thread, viewer: Organization, now: datetime | None = None) -> Sight:
    """Return how an organization reads a thread."""
    return sights_in([thread], viewer, now or clock.now())[0]


def sights_in(threads: Sequence[Thread], viewer: Organization, now: datetime) -> list[Sight]:
    """Return how an organization reads each of several threads; one statement for all."""
    among = agents_among((each for thread in threads for each in (thread.seller, thread.taker)), now)
    found = []
    for thread in threads:
        agents = agents_of(thread, now, among)
        both = tuple(on_both_sides(thread, agents))
        found.append(Sight(viewer, organizations_of(viewer, thread, now, agents), now, both))
    return found


def sights_of(thread: Thread, now: datetime) -> list[Sight]:
    """Return how each reads a thread who may: its two sides and the brokers that may act for one of them, each once."""
    agents = agents_of(thread, now)
    both = tuple(on_both_sides(thread, agents))
    stands: dict[int, tuple[Organization, set[Side]]] = {}
    for side in Side:
        for each in (side_organization(thread, side), *agents[side]):
            stands.setdefault(each.pk, (each, set()))[1].add(side)
    return [Sight(each, frozenset(sides), now, both) for each, sides in stands.values()]


def thread_fields(thread: Thread, sight: Sight, *, brief: bool = False) -> dict[str, Any]:
    """Return the fields of a thread for a sight."""
    offers = offers_in(thread)
    live = next((offer for offer in offers if status_at(offer, sight.now) == OfferStatus.LIVE), None)
    held = next((offer for offer in offers if offer.status == OfferStatus.HELD), None)
    found = {
        "id": thread.public_id,
        "kind": thread.kind,
        "status": thread.status,
        "version": thread.version,
        "load": load_summary(thread, sight),
        "lane": thread.lane,
        "seller": party(thread.seller, sight),
        "taker": party(thread.taker, sight),
        "your_side": _your_side(sight),
        "represents_both_sides": bool(sight.both),
        "both_sides_sentence": both_sides_sentence(sight.both),
        "truck": truck_summary(thread, sight),
        "leg": thread.leg.public_id if thread.leg else None,
        "opened_at": instant(thread.opened_at),
        "moved_at": instant(thread.moved_at),
        "closed_at": instant(thread.closed_at),
        "outcome": thread.outcome or None,
        "outcome_sentence": outcome_sentence(thread, sight.side or Side.TAKER),
        "live_offer": live.public_id if live else None,
        "held_offer": held.public_id if held else None,
        "waits_for_you": live is not None and _waits_for(thread, live, sight),
        "counters_left": max(MOST_COUNTERS + 1 - len(offers), 0),
    }
    if brief:
        return found
    shown = [offer_fields(offer, before, sight) for before, offer in zip([None, *offers[:-1]], offers, strict=True)]
    return found | {"offers": shown, "next_terms": next_terms(thread)}


def offer_payload(offer: Offer, viewer: Organization, *, now: datetime | None = None) -> dict[str, Any]:
    """Return an offer as the viewer, a side of its thread or its broker, reads it, with what it changed."""
    return offer_fields(offer, before_of(offer), sight_of(offer.thread, viewer, now))


def before_of(offer: Offer) -> Offer | None:
    """Return the offer that another one answers, or None for the first."""
    return next((each for each in reversed(offers_in(offer.thread)) if each.number < offer.number), None)


def offer_fields(offer: Offer, before: Offer | None, sight: Sight) -> dict[str, Any]:
    """Return the fields of an offer for a sight; `before` is the offer that it answers."""
    thread = offer.thread
    same_stops = offer.load_version == thread.load.version
    stops = {stop.sequence: stop for stop in thread.load.stops.all()} if same_stops else {}
    terms = terms_of(offer)
    changes = differences(terms_of(before), terms) if before else {}
    return {
        "id": offer.public_id,
        "thread": thread.public_id,
        "kind": thread.kind,
        "load": thread.load.public_id,
        "lane": thread.lane,
        "number": offer.number,
        "load_version": offer.load_version,
        "status": status_at(offer, sight.now),
        "version": offer.version,
        "made_for": named(offer.made_for),
        "made_by": named(offer.made_by_organization),
        "made_by_person": _person(offer, sight),
        "is_yours": _is_yours(thread, offer, sight),
        "represents_both_sides": bool(sight.both),
        **terms_fields(terms, stops),
        "changes": [_change(name, old, new, stops) for name, (old, new) in changes.items()],
        "made_at": instant(offer.made_at),
        "expires_at": instant(offer.expires_at),
        "closed_at": instant(offer.closed_at),
        "closed_by": named(offer.closed_by_organization),
        "reason": offer.reason,
        "booking": _booking_of(offer),
        "hold": hold_fields(offer, of_carrier=Side.TAKER in sight.sides, zone=sight.viewer.time_zone),
    }


def terms_fields(terms: BargainTerms, stops: dict[int, Stop]) -> dict[str, Any]:
    """Return terms as plain JSON; local times where the stop is known."""
    return {
        "rate": money(terms.rate_cents),
        "linehaul": money(terms.linehaul_cents),
        "fuel_surcharge": money(terms.fuel_surcharge_cents),
        "free_minutes": terms.free_minutes,
        "detention_per_hour": money(terms.detention_cents_per_hour),
        "tonu": money(terms.tonu_cents),
        "layover": money(terms.layover_cents),
        "payment_days": terms.payment_days,
        "stop_times": [_stop_time(time, stops.get(time.sequence)) for time in terms.stop_times],
        "notes": terms.notes,
    }


def next_terms(thread: Thread) -> dict[str, Any] | None:
    """Return what the next offer would begin from: the last one's terms, and the posting's times where those changed.

    With `on_number` and `load_version`, as the next offer has to name them; None once the thread is over, and
    while an acceptance waits for the check of the carrier.
    """
    offers = offers_in(thread)
    if thread.status != ThreadStatus.OPEN or not offers or offers[-1].status == OfferStatus.HELD:
        return None
    load = thread.load
    terms = next_bargain(thread)
    stops = {stop.sequence: stop for stop in load.stops.all()}
    return {"on_number": offers[-1].number, "load_version": load.version, **terms_fields(terms, stops)}


def next_bargain(thread: Thread) -> BargainTerms:
    """Return the same as terms, for a form to be filled from; the note is each offer's own."""
    last = offers_in(thread)[-1]
    terms = replace(terms_of(last), notes="")
    return terms if last.load_version == thread.load.version else replace(terms, stop_times=posted_times(thread.load))


def load_summary(thread: Thread, sight: Sight) -> dict[str, Any]:
    """Return what a thread says of its load: the way and the windows of city and 3-digit ZIP, as the market sees them.

    Once a thread is over, a load that has changed since says no more than its id to a taker: it may be out of sight.
    """
    load = thread.load
    if not knows_load(thread, sight):
        return {"id": load.public_id}
    return {
        "id": load.public_id,
        "is_open": load.status == Status.OPEN,
        "version": load.version,
        "equipment": load.equipment,
        "size": load.size,
        "weight_pounds": load.weight_pounds,
        "commodity": load.commodity,
        "loaded_miles": load.loaded_miles,
        "stops": [_stop(stop) for stop in load.stops.all()],
    }


def knows_load(thread: Thread, sight: Sight) -> bool:
    """Say whether the viewer may read of the load as it stands: the seller always, others while the thread is open or
    the load is what they last bargained over.
    """
    last = offers_in(thread)[-1:]
    known = thread.status == ThreadStatus.OPEN or not last or last[0].load_version == thread.load.version
    return known or sight.owns(thread, Side.SELLER)


def truck_summary(thread: Thread, sight: Sight) -> dict[str, Any] | None:
    """Return the truck of a thread of carriage: what it can carry to both sides, which one it is to the taker alone."""
    truck, trailer = thread.truck, thread.trailer
    if truck is None:
        return None
    carrying = trailer or truck
    found: dict[str, Any] = {
        "equipment": carrying.equipment,
        "weight_pounds": carrying.weight_pounds,
        "length_feet": carrying.length_feet,
        "pallets": carrying.pallets,
    }
    if sight.owns(thread, Side.TAKER):
        found |= {
            "id": truck.public_id,
            "number": truck.number,
            "trailer": numbered(trailer),
            "driver": named(thread.driver),
            "home_base": named(thread.home_base),
            "return_home_by": instant(thread.return_home_by),
        }
    return found


def party(organization: Organization, sight: Sight) -> dict[str, Any]:
    """Return a side with its business contact: an open thread is where it is given."""
    return {
        "id": organization.public_id,
        "name": organization.name,
        "is_you": organization.pk == sight.viewer.pk,
        "contact_name": organization.contact_name,
        "contact_phone": organization.contact_phone,
        "contact_email": organization.contact_email,
    }


def _your_side(sight: Sight) -> str | None:
    if len(sight.sides) == 2:
        return "both"
    return sight.side.value if sight.side else None


def _side_of(thread: Thread, offer: Offer) -> Side:
    return Side.SELLER if offer.made_for_id == thread.seller_id else Side.TAKER


def _is_yours(thread: Thread, offer: Offer, sight: Sight) -> bool:
    """Whether the offer binds the viewer's side; of one on both sides, whether it binds the viewer itself."""
    if len(sight.sides) == 2:
        return offer.made_for_id == sight.viewer.pk
    return _side_of(thread, offer) in sight.sides


def _waits_for(thread: Thread, live: Offer, sight: Sight) -> bool:
    return other(_side_of(thread, live)) in sight.sides


def _person(offer: Offer, sight: Sight) -> str | None:
    """Return who made an offer, by name, to colleagues only."""
    mine = offer.made_by_organization_id == sight.viewer.pk
    return str(offer.made_by) if mine and offer.made_by else None


def _booking_of(offer: Offer) -> str | None:
    booking: Booking | None = getattr(offer, "booking", None) if offer.status == OfferStatus.ACCEPTED else None
    return booking.public_id if booking else None


def _stop(stop: Stop) -> dict[str, Any]:
    return {
        "sequence": stop.sequence,
        "kind": stop.kind,
        "city": stop.city,
        "state": stop.state,
        "zip3": stop.zip[:3],
        "time_zone": stop.time_zone,
        "opens_at": instant(stop.opens_at),
        "closes_at": instant(stop.closes_at),
        "by_appointment": stop.by_appointment,
    }


def _stop_time(time: StopTime | None, stop: Stop | None) -> dict[str, Any] | None:
    if time is None:
        return None
    found: dict[str, Any] = {
        "sequence": time.sequence,
        "opens_at": instant(time.opens_at),
        "closes_at": instant(time.closes_at),
        "by_appointment": time.by_appointment,
    }
    if stop is not None:
        found["time_zone"] = stop.time_zone
        for name in ("opens_at", "closes_at"):
            found[f"{name}_local"] = wall_text(getattr(time, name), stop.time_zone)
    return found


def _change(name: str, old: Any, new: Any, stops: dict[int, Stop]) -> dict[str, Any]:
    if name.startswith("stop_times."):
        stop = stops.get(int(name.rpartition(".")[2]))
        return {"field": name, "before": _stop_time(old, stop), "after": _stop_time(new, stop)}
    if name.endswith("_cents") or "_cents_" in name:
        return {"field": name.replace("_cents", ""), "before": money(old), "after": money(new)}
    return {"field": name, "before": old, "after": new}
