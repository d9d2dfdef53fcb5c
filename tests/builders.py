"""Builders: one row each, valid unless told otherwise, without services, events or the road network."""

from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any

from foundation.accounts.actor import SCOPES_BY_ROLE, Actor
from foundation.accounts.models import Membership, Organization, Person, Relationship, Role
from foundation.places.geometry import great_circle_miles
from foundation.places.queries import find_place
from foundation.trade.posting import Status
from loads.models import Load, StopKind
from loads.road import Stretch
from loads.store import columns, write_stops
from loads.terms import LoadTerms, StopTerms

PASSWORD = "correct horse battery"
_numbers = count(1)


def now() -> datetime:
    """Return this instant, cut to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def make_organization(name: str = "", *, verified: bool = True, **columns_: Any) -> Organization:
    """Make an organization that ships, unless told what it does."""
    columns_.setdefault("ships", not (columns_.get("hauls") or columns_.get("brokers")))
    columns_.setdefault("verified_at", now() - timedelta(days=30) if verified else None)
    columns_.setdefault("contact_email", f"office{next(_numbers)}@example.com")
    return Organization.objects.create(name=name or f"Organization {next(_numbers)}", **columns_)


def make_person(organization: Organization | None = None, role: str = Role.OWNER, **columns_: Any) -> Person:
    """Make a person who signs in with `PASSWORD`, with a role in an organization if one is named."""
    email = columns_.pop("email", f"person{next(_numbers)}@example.com")
    person = Person.objects.create_user(email, PASSWORD, **columns_)
    if organization is not None:
        Membership.objects.create(organization=organization, person=person, role=role)
    return person


def make_actor(organization: Organization, role: str = Role.OWNER, **fields: Any) -> Actor:
    """Make the actor of a person with this role, the address confirmed."""
    fields.setdefault("person", make_person(organization, role))
    return Actor(organization=organization, scopes=SCOPES_BY_ROLE[role], role=role, **fields)


def make_relationship(giver: Organization, taker: Organization, kind: str, **columns_: Any) -> Relationship:
    """Let the giver stand to the taker in a kind, since yesterday."""
    columns_.setdefault("valid_from", now() - timedelta(days=1))
    return Relationship.objects.create(giver=giver, taker=taker, kind=kind, **columns_)


def stop_terms(
    place: str, opens_at: datetime, *, hours: float = 8, kind: str = StopKind.PICKUP, **fields: Any
) -> StopTerms:
    """Make the terms of a stop at a ZIP code or "City, ST", its window so many hours long."""
    fields.setdefault("closes_at", opens_at + timedelta(hours=hours))
    return StopTerms(kind=kind, place=find_place(place), opens_at=opens_at, **fields)


def load_terms(
    from_place: str = "60601", to_place: str = "75201", *, opens_at: datetime | None = None, **fields: Any
) -> LoadTerms:
    """Make the terms of 38,000 lb of paper in a van for $2,400: Chicago tomorrow, Dallas (967 mi) three days later."""
    first = opens_at or now() + timedelta(days=1)
    defaults: dict[str, Any] = {
        "equipment": "V",
        "weight_pounds": 38_000,
        "commodity": "Paper products",
        "rate_cents": 2_400_00,
        "stops": (
            stop_terms(from_place, first),
            stop_terms(to_place, first + timedelta(days=3), kind=StopKind.DELIVERY),
        ),
    }
    return LoadTerms(**{**defaults, **fields})


def straight_stretches(terms: LoadTerms) -> list[Stretch]:
    """Return the ways between the stops as the crow flies times 1.2, at 50 mph."""
    places = [find_place(stop.place.zip or "") for stop in terms.stops]
    lengths = [
        float(great_circle_miles(here.lat, here.lon, there.lat, there.lon)) * 1.2 for here, there in pairwise(places)
    ]
    return [Stretch(miles, miles * 60 / 50, miles * 60 / 50 * 0.95) for miles in lengths]


def make_load(
    organization: Organization | None = None,
    *,
    terms: LoadTerms | None = None,
    status: str = Status.OPEN,
    confirmed_at: datetime | None = None,
    external_id: str = "",
    **fields: Any,
) -> Load:
    """Make a load in a status; `fields` go to `load_terms`, unless they are columns that the terms do not have."""
    own_columns = {name: fields.pop(name) for name in ("public_id", "version", "expires_at") if name in fields}
    given = terms or load_terms(**fields)
    moment = confirmed_at or now()
    on_market = None if status == Status.DRAFT else moment
    load = Load(
        organization=organization or make_organization(),
        status=status,
        external_id=external_id,
        created_at=moment,
        updated_at=moment,
        opened_at=on_market,
        confirmed_at=on_market,
        **{**columns(given, straight_stretches(given)), **own_columns},
    )
    load.save(force_insert=True)
    write_stops(load, given)
    return load
