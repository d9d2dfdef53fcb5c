"""Builders: one row each, valid unless told otherwise, without services, events or the road network."""

from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any

from allauth.account.models import EmailAddress

from carriers.choices import choose
from carriers.models import Driver, HomeBase, ReturnLeg, Trailer, Truck
from carriers.road import Way
from carriers.store import columns as leg_columns
from carriers.terms import LegTerms
from foundation.accounts.actor import SCOPES_BY_ROLE, Actor
from foundation.accounts.models import FederalRecord, Membership, Organization, Person, Relationship, Role
from foundation.places.geometry import great_circle_miles
from foundation.places.place import Place
from foundation.places.queries import find_place
from foundation.trade.equipment import EQUIPMENT
from foundation.trade.posting import Status
from foundation.trade.rules import Problems
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


def make_person(
    organization: Organization | None = None, role: str = Role.OWNER, *, confirmed: bool = True, **columns_: Any
) -> Person:
    """Make a person who signs in with `PASSWORD`, the address confirmed, with a role in a named organization."""
    email = columns_.pop("email", f"person{next(_numbers)}@example.com")
    person = Person.objects.create_user(email, PASSWORD, **columns_)
    EmailAddress.objects.create(user=person, email=email, primary=True, verified=confirmed)
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


def make_home_base(organization: Organization, place: str = "75201", **columns_: Any) -> HomeBase:
    """Make a home base at a ZIP code or "City, ST": Dallas unless told otherwise."""
    found = find_place(place)
    columns_.setdefault("name", f"Yard {next(_numbers)}")
    return HomeBase.objects.create(
        organization=organization,
        city=found.city,
        state=found.state,
        zip=found.zip or "",
        lat=found.lat,
        lon=found.lon,
        time_zone=found.time_zone,
        **columns_,
    )


def make_driver(organization: Organization, **columns_: Any) -> Driver:
    """Make a driver."""
    columns_.setdefault("name", f"Driver {next(_numbers)}")
    return Driver.objects.create(organization=organization, **columns_)


def _capacity(columns_: dict[str, Any]) -> dict[str, Any]:
    usual = EQUIPMENT[columns_.setdefault("equipment", "V")]
    columns_.setdefault("number", f"{next(_numbers)}")
    columns_.setdefault("weight_pounds", usual.weight_pounds)
    columns_.setdefault("length_feet", usual.length_feet)
    columns_.setdefault("pallets", usual.pallets)
    return columns_


def make_trailer(organization: Organization, **columns_: Any) -> Trailer:
    """Make a trailer, a van unless told otherwise."""
    return Trailer.objects.create(organization=organization, **_capacity(columns_))


def make_truck(organization: Organization | None = None, *, home: str = "75201", **columns_: Any) -> Truck:
    """Make a truck, a van whose home base is in Dallas unless told otherwise; `home=""` is none."""
    owner = organization or make_organization(hauls=True)
    if home:
        columns_.setdefault("home_base", make_home_base(owner, home))
    return Truck.objects.create(organization=owner, **_capacity(columns_))


def leg_terms(
    truck: Truck | str, empty: str = "60601", *, ready_at: datetime | None = None, hours: float = 72, **fields: Any
) -> LegTerms:
    """Make the terms of a truck empty in Chicago tomorrow, home within 72 hours; limits 100, 100 and 150 miles."""
    ready = ready_at or now() + timedelta(days=1)
    defaults: dict[str, Any] = {
        "truck": truck if isinstance(truck, str) else truck.public_id,
        "empty": find_place(empty),
        "ready_at": ready,
        "home_by": ready + timedelta(hours=hours),
        "max_pickup_deadhead_miles": 100,
        "max_home_deadhead_miles": 100,
        "max_out_of_route_miles": 150,
    }
    return LegTerms(**{**defaults, **fields})


def straight_way(start: Place, end: Place) -> Way:
    """Return the way as the crow flies times 1.2, at 50 mph."""
    miles = float(great_circle_miles(start.lat, start.lon, end.lat, end.lon)) * 1.2
    return Way(miles, miles * 60 / 50, miles * 60 / 50 * 0.95)


def make_leg(
    organization: Organization | None = None,
    *,
    truck: Truck | None = None,
    terms: LegTerms | None = None,
    status: str = Status.OPEN,
    confirmed_at: datetime | None = None,
    external_id: str = "",
    home: str | None = None,
    **fields: Any,
) -> ReturnLeg:
    """Make a return leg, Chicago to Dallas unless told otherwise; `fields` go to `leg_terms` or are its own columns.

    `home` is a ZIP code or "City, ST" where the truck goes somewhere else than to its base.
    """
    names = ("public_id", "version", "expires_at", "home_miles", "trip")
    own_columns = {name: fields.pop(name) for name in names if name in fields}
    owner = organization or (truck.organization if truck else make_organization(hauls=True))
    if terms is None:
        if home is not None:
            fields["home"] = find_place(home)
        terms = leg_terms(truck or make_truck(owner), **fields)
    problems = Problems()
    chosen = choose(owner, terms, problems)
    assert chosen is not None, problems.found
    moment = confirmed_at or now()
    on_market = None if status == Status.DRAFT else moment
    leg = ReturnLeg(
        organization=owner,
        status=status,
        external_id=external_id,
        created_at=moment,
        updated_at=moment,
        opened_at=on_market,
        confirmed_at=on_market,
        **{**leg_columns(terms, chosen, straight_way(terms.empty, chosen.home)), **own_columns},
    )
    leg.save(force_insert=True)
    return leg


def make_record(organization: Organization, **columns_: Any) -> FederalRecord:
    """Make the registry's record of an organization's number, asked for just now: may haul, $1,000,000 on file."""
    if not organization.usdot_number:
        organization.usdot_number = str(1_000_000 + next(_numbers))
        organization.save(update_fields=["usdot_number"])
    moment = columns_.pop("fetched_at", now())
    good: dict[str, Any] = {
        "outcome": "found",
        "fetched_at": moment,
        "tried_at": moment or now(),
        "legal_name": organization.name.upper(),
        "is_allowed_to_operate": True,
        "common_authority": "A",
        "contract_authority": "N",
        "broker_authority": "A" if organization.brokers else "N",
        "authority_since": (now() - timedelta(days=2000)).date(),
        "bipd_required_cents": 750_000_00,
        "bipd_on_file_cents": 1_000_000_00,
        "bond_on_file_cents": 75_000_00 if organization.brokers else 0,
    }
    values = {**good, **columns_}
    return FederalRecord.objects.create(market=organization.market, usdot_number=organization.usdot_number, **values)
