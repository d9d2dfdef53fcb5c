"""Who reads what of a thread; what of its offers stands in `offer_visibility`. REST and facts take them from here.

Both sides read every offer of their thread and each other's business contact. Which truck it is by number, its driver,
trailer and home base, and when it must be home after an outbound load, only the taker's own people read; the booking
tells the seller what it needs. Reserve and floor stand nowhere in here.
"""

from typing import Any

from brokers.acting import Side, both_sides_sentence, other, side_of_offer
from brokers.models import Offer, OfferStatus, Thread, ThreadStatus
from brokers.models.threads import MOST_COUNTERS
from brokers.offer_visibility import next_terms, offer_fields
from brokers.outcomes import outcome_sentence, status_at
from brokers.sights import Sight
from brokers.thread_queries import offers_in
from foundation.accounts.models import Organization
from foundation.rest.fields import instant, named, numbered
from foundation.trade.posting import Status
from loads.models import Stop


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


def _waits_for(thread: Thread, live: Offer, sight: Sight) -> bool:
    return other(side_of_offer(live, thread)) in sight.sides


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
