"""A load that is open to claims, a truck that can take it on its way home, and the claim."""

from datetime import timedelta
from typing import Any

from brokers.models import Claim
from brokers.services.claims import claim_load
from carriers.models import ReturnLeg
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from loads.models import Load
from tests.builders import make_actor, make_leg, make_load, make_organization, now


def open_load(shipper: Organization, **fields: Any) -> Load:
    """Post Chicago to Dallas for $2,400, open to claims."""
    columns = {name: fields.pop(name) for name in ("book_now", "tonu_cents", "payment_days") if name in fields}
    load = make_load(shipper, **fields)
    for name, value in {"book_now": load.rate_cents is not None, **columns}.items():
        setattr(load, name, value)
    load.save()
    return load


def going_home(carrier: Organization, **fields: Any) -> ReturnLeg:
    """Post a truck that is empty in Chicago tomorrow and must be home in Dallas within five days."""
    return make_leg(carrier, **{"hours": 120, **fields})


def claim(carrier: Organization, load: Load, leg: ReturnLeg, *, actor: Actor | None = None, **fields: Any) -> Claim:
    """Claim a load on a leg."""
    return claim_load(
        actor=actor or make_actor(carrier),
        load_id=load.public_id,
        truck_id=leg.truck.public_id,
        leg_id=leg.public_id,
        **fields,
    )


def local_load(shipper: Organization, **fields: Any) -> Load:
    """Post Dallas to Houston, 240 miles, in two days, open to claims: an outbound load for a truck of Dallas."""
    first = fields.pop("opens_at", None) or now() + timedelta(days=2)
    return open_load(shipper, from_place="75201", to_place="77002", opens_at=first, **fields)


def another_books(load: Load) -> None:
    """Let a carrier of its own take a load from under everybody's eyes."""
    rival = make_organization("Quick Haulers", hauls=True)
    claim(rival, load, going_home(rival))
