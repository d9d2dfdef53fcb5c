"""A seller, two carriers with trucks on the way home, and what they would agree."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from brokers.models import Offer
from brokers.services.threads import open_thread
from brokers.terms import BargainTerms, posted_terms
from carriers.models import CostSetting, ReturnLeg
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization, Person
from foundation.events.digests import save_wishes
from foundation.events.models import FeedEntry
from foundation.trade.news import WORDING
from loads.models import Load
from tests.builders import make_actor, make_leg, make_load, make_organization, now


@dataclass(frozen=True)
class Deal:
    """A load from Chicago to Dallas for $2,400, its shipper, and two carriers each with a truck that goes there."""

    load: Load
    shipper: Actor
    carrier: Actor
    rival: Actor
    leg: ReturnLeg
    rival_leg: ReturnLeg


def make_deal(**load_fields: Any) -> Deal:
    """Make the cast; `load_fields` go to the load."""
    shipper = make_organization("Prairie Paper", contact_name="Pat Prairie", contact_phone="+1 312 555 0100")
    carrier = make_organization("Ruiz Trucking", hauls=True, contact_name="Rosa Ruiz")
    rival = make_organization("Other Trucking", hauls=True)
    opens_at = now() + timedelta(days=1)
    return Deal(
        load=make_load(shipper, opens_at=opens_at, **load_fields),
        shipper=make_actor(shipper),
        carrier=make_actor(carrier),
        rival=make_actor(rival),
        leg=make_leg(carrier, hours=120, ready_at=opens_at),
        rival_leg=make_leg(rival, hours=120, ready_at=opens_at),
    )


def make_deal_with_limits() -> Deal:
    """Make the cast, with the shipper's reserve of $2,677.77 and the carrier's own costs."""
    deal = make_deal()
    Load.objects.filter(pk=deal.load.pk).update(reserve_cents=2_677_77)
    CostSetting.objects.create(
        organization=deal.carrier.organization,
        valid_from=now().date().replace(day=1),
        loaded_cents_per_mile=131,
        empty_cents_per_mile=127,
        hour_cents=29_13,
    )
    return deal


def terms(load: Load, dollars: int = 2_300, **changes: Any) -> BargainTerms:
    """Return the posting's terms at so many dollars."""
    return replace(posted_terms(load, rate_cents=dollars * 100), **changes)


def offer_by(actor: Actor, leg: ReturnLeg, load: Load, dollars: int = 2_300, **fields: Any) -> Offer:
    """Open a thread as a carrier with the truck of a leg."""
    fields.setdefault("load_version", load.version)
    fields.setdefault("terms", terms(load, dollars))
    return open_thread(
        actor=actor, load_id=load.public_id, truck_id=leg.truck.public_id, leg_id=leg.public_id, **fields
    )


def all_at_once(organization: Organization, person: Person | None) -> None:
    """Let a person have a mail of every piece of news as it comes."""
    assert person is not None
    save_wishes(
        organization_id=organization.public_id,
        person_id=person.public_id,
        deliveries=dict.fromkeys(WORDING, "at_once"),
        period="hour",
        hour=7,
    )


def seen_by(organization: Organization, name: str) -> int:
    """Count the facts of a name that an organization heard."""
    return FeedEntry.objects.filter(organization_id=organization.public_id, event__name=name).count()
