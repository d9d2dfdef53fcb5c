"""Who reads what of an offer: both sides its terms and what it changed, each its own people's names."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from brokers.acting import Side, other, side_of_offer, side_organization
from brokers.holding import hold_fields
from brokers.models import Booking, Offer, OfferStatus, Thread, ThreadStatus
from brokers.outcomes import status_at
from brokers.sights import Sight, sight_of
from brokers.terms import BargainTerms, StopTime, differences, posted_times, terms_of
from brokers.thread_queries import offers_in
from foundation.accounts.models import Organization
from foundation.rest.fields import instant, money, named
from foundation.trade.windows import wall_text
from loads.models import Stop


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
        "closed_for": named(_closed_for(offer, thread)),
        "closed_by": named(offer.closed_by_organization),
        "reason": offer.reason,
        "booking": _booking_of(offer),
        "hold": hold_fields(offer, sight.viewer, of_carrier=Side.TAKER in sight.sides),
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


def _is_yours(thread: Thread, offer: Offer, sight: Sight) -> bool:
    """Whether the offer binds the viewer's side; of one on both sides, whether it binds the viewer itself."""
    if len(sight.sides) == 2:
        return offer.made_for_id == sight.viewer.pk
    return side_of_offer(offer, thread) in sight.sides


def _closed_for(offer: Offer, thread: Thread) -> Organization | None:
    """Return the side that brought an offer to its end, by its own people or its broker; None where nobody did."""
    if offer.closed_by_organization_id is None:
        return None
    side = side_of_offer(offer, thread)
    return side_organization(thread, side if offer.status == OfferStatus.WITHDRAWN else other(side))


def _person(offer: Offer, sight: Sight) -> str | None:
    """Return who made an offer, by name, to colleagues only."""
    mine = offer.made_by_organization_id == sight.viewer.pk
    return str(offer.made_by) if mine and offer.made_by else None


def _booking_of(offer: Offer) -> str | None:
    booking: Booking | None = getattr(offer, "booking", None) if offer.status == OfferStatus.ACCEPTED else None
    return booking.public_id if booking else None


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
