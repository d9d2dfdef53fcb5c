"""Bookings to make papers of: rows with a tour and its stops, made without services or the road network."""

from datetime import timedelta
from itertools import count
from typing import Any

from brokers.models import Booking, Tour, TourStop
from brokers.terms import BargainTerms, posted_terms
from foundation.accounts.models import Organization
from loads.models import Load
from tests.builders import make_driver, make_load, make_organization, make_truck, now, stop_terms

_places = count(1)


def paper_load(shipper: Organization, **fields: Any) -> Load:
    """Make a load of Cascade Foods with everything a paper can say: addresses, instructions, a reference."""
    first = fields.pop("first", now() + timedelta(days=1))
    stops = (
        stop_terms("60601", first, facility="Lakeside Cold Store", address="11 Dock Road", instructions="Door 4."),
        stop_terms("75201", first + timedelta(days=2), kind="delivery", facility="Trinity DC", address="9 Elm Street"),
    )
    defaults: dict[str, Any] = {"reference": "PO-7741", "instructions": "Call two hours ahead.", "stops": stops}
    return make_load(shipper, **{**defaults, **fields})


def make_booking(
    shipper: Organization | None = None,
    carrier: Organization | None = None,
    *,
    broker: Organization | None = None,
    shipper_rate_cents: int | None = None,
    terms: BargainTerms | None = None,
    rate_cents: int = 2_400_00,
    load: Load | None = None,
    **columns: Any,
) -> Booking:
    """Make a booking at $2,400, sold by a broker at $2,900 where one is given, with a tour of one load."""
    shipper = shipper or make_organization("Cascade Foods", usdot_number="")
    carrier = carrier or make_organization("Ruiz Trucking", hauls=True, usdot_number="1234567", mc_number="765432")
    load = load or paper_load(shipper)
    sold = {"seller": broker, "shipper_rate_cents": shipper_rate_cents or 2_900_00} if broker else {}
    Load.objects.filter(pk=load.pk).update(status="covered", **sold)
    load.refresh_from_db()
    moment = now()
    terms = terms or posted_terms(load, rate_cents=rate_cents)
    stops = list(load.stops.all())
    tour = Tour.objects.create(
        organization=carrier,
        truck=make_truck(carrier, number=f"T-{next(_places)}"),
        driver=make_driver(carrier),
        starts_at=stops[0].opens_at - timedelta(hours=2),
        ends_at=stops[-1].closes_at + timedelta(hours=2),
        loaded_miles=load.loaded_miles,
        created_at=moment,
    )
    defaults: dict[str, Any] = {
        "load": load,
        "load_version": load.version,
        "shipper": shipper,
        "seller": broker or shipper,
        "carrier": carrier,
        "shipper_rate_cents": sold.get("shipper_rate_cents"),
        "tour": tour,
        "booked_at": moment,
        "booked_by_organization": carrier,
        **terms.columns(),
    }
    booking = Booking.objects.create(**{**defaults, **columns})
    for place, stop in enumerate(stops):
        TourStop.objects.create(
            tour=tour,
            booking=booking,
            sequence=place,
            stop_sequence=stop.sequence,
            arrives_at=stop.opens_at,
            begins_at=stop.opens_at,
            ends_at=stop.opens_at + timedelta(minutes=stop.service_minutes),
        )
    return booking
