"""The cast of the demo: shippers, carriers and brokers, who represents whom, and the people who can sign in."""

import random
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db import transaction

from backhaul.demo.federal import record_answers
from backhaul.supervisor.demo_file import DemoPerson
from foundation.accounts.actor import ALL_SCOPES, KEY_SCOPES, Actor
from foundation.accounts.models import ApiKey, Organization, Person, RelationshipKind, Role
from foundation.accounts.services import (
    create_key,
    create_organization,
    revoke_key,
    set_relationship,
    verify_organization,
)
from foundation.accounts.terms import OrganizationTerms

OPERATOR = "demo"
KEY_NAME = "Demo"
SIGNED_IN_OF_EACH = 2

SHIPPERS = (
    "Prairie Mills", "Lakeshore Paper", "Harbor Home Goods", "Summit Beverages", "Cedar Valley Foods", "Ironwood Tools",
    "Blue Ridge Furniture", "Gulf Coast Resins", "Northern Lumber", "Cascade Appliances", "Red River Grain Products",
    "Keystone Glass", "Magnolia Poultry", "Desert Sun Produce", "Great Plains Feed", "Allegheny Steel Products",
    "Bayou Packaging", "Pioneer Seeds and Supply", "Tidewater Textiles", "Copper State Cable", "Hudson Pharmacy Supply",
    "Mesa Building Materials", "Ozark Canning", "Granite State Plastics",
)  # fmt: skip
CARRIERS = (
    "Homeward Trucking", "Lone Oak Transport", "Silver Creek Carriers", "Five Rivers Freight", "Milepost Express",
    "Blackbird Lines", "Sunrise Haulage", "Crossroads Logistics", "Timberline Transport", "Anchor Motor Freight",
    "Twin Peaks Trucking", "Long Valley Carriers", "Bluestem Transport", "Old Post Road Freight", "Nightingale Express",
    "Riverbend Trucking", "High Desert Haulers", "Maple Leaf Motor Lines", "Foxglove Freight", "Canyon Run Carriers",
    "Steady Wheel Transport", "Harvest Moon Trucking", "Coldwater Reefer Lines", "Big Bend Flatbed",
    "Northfork Transport", "Quarter Horse Express", "Delta Breeze Carriers", "Juniper Freight", "Wagon Trail Transport",
    "Evergreen Road Lines",
)  # fmt: skip
BROKERS = ("Fullway Brokerage", "Meridian Freight Brokers", "Two Rivers Logistics")

_FIRST_NAMES = ("Alex", "Jordan", "Sam", "Robin", "Casey", "Dana", "Morgan", "Jamie", "Taylor", "Lee", "Avery", "Quinn")
_LAST_NAMES = (
    "Rivera",
    "Novak",
    "Brooks",
    "Okafor",
    "Meyer",
    "Tanaka",
    "Silva",
    "Dubois",
    "Larsen",
    "Patel",
    "Kowalski",
)
_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, each as an actor who may do all that an owner may."""

    shippers: Sequence[Actor]
    carriers: Sequence[Actor]
    brokers: Sequence[Actor]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z]+", "-", name.lower()).strip("-")


def _owner_of(organization: Organization) -> Actor:
    membership = organization.memberships.select_related("person").filter(role=Role.OWNER).order_by("pk")[0]
    return Actor(organization=organization, scopes=ALL_SCOPES, person=membership.person, role=Role.OWNER)


def _phone(name: str) -> str:
    """Return a made-up number of the company's own: 555-0100 to 0199 belong to nobody, each in its own area code."""
    place = (*SHIPPERS, *CARRIERS, *BROKERS).index(name)
    return f"({201 + place}) 555-01{place:02d}"


def _organization(name: str, kind: str, number: int) -> Actor:
    """Return the owner of an organization of this name, both made when they are missing."""
    found = Organization.objects.filter(name=name, **{kind: True}).order_by("pk").first()
    if found is not None:
        return _owner_of(found)
    drawn = random.Random(name)  # noqa: S311 - names, not secrets; the same at every seeding
    full_name = f"{drawn.choice(_FIRST_NAMES)} {drawn.choice(_LAST_NAMES)}"
    email = f"{full_name.split()[0].lower()}@{_slug(name)}.example"
    with transaction.atomic():
        person = Person.objects.create_user(email, full_name=full_name)
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
        organization = create_organization(
            person=person,
            terms=OrganizationTerms(
                name=name,
                ships=kind == "ships",
                hauls=kind == "hauls",
                brokers=kind == "brokers",
                usdot_number=str(number) if kind != "ships" else "",
                mc_number=str(number % 1_000_000) if kind == "brokers" else "",
                time_zone=drawn.choice(_ZONES),
                contact_name=full_name,
                contact_phone=_phone(name),
                contact_email=email,
            ),
        )
        verified = verify_organization(
            public_id_or_name=organization.public_id, decided_by=OPERATOR, reason="Part of the demo market"
        )
    return Actor(organization=verified, scopes=ALL_SCOPES, person=person, role=Role.OWNER)


def _relate(cast: Cast) -> None:
    """Let brokers act for some shippers and carriers, and some be partners: about a third each way."""
    drawn = random.Random("relationships")  # noqa: S311 - the same at every seeding
    for giver in [*cast.shippers, *cast.carriers]:
        if giver.organization.given.exists():
            continue
        broker = cast.brokers[drawn.randrange(len(cast.brokers))]
        if drawn.random() < 0.5:
            set_relationship(
                actor=giver, taker_public_id=broker.organization.public_id, kind=RelationshipKind.REPRESENTS
            )
        elif drawn.random() < 0.5:
            set_relationship(actor=giver, taker_public_id=broker.organization.public_id, kind=RelationshipKind.PARTNER)


def gather() -> Cast:
    """Return the demo's organizations, made and related when they are missing."""
    cast = Cast(
        shippers=[_organization(name, "ships", 0) for name in SHIPPERS],
        carriers=[_organization(name, "hauls", 3_100_000 + index) for index, name in enumerate(CARRIERS)],
        brokers=[_organization(name, "brokers", 3_200_000 + index) for index, name in enumerate(BROKERS)],
    )
    record_answers([*cast.carriers, *cast.brokers, *cast.shippers])
    _relate(cast)
    return cast


def sign_ins(cast: Cast, known: Sequence[DemoPerson]) -> list[DemoPerson]:
    """Return who can sign in: those of the file while they still work, else with fresh random passwords and keys."""
    by_email = {person["email"]: person for person in known}
    people = []
    for role, actors in (("shipper", cast.shippers), ("carrier", cast.carriers), ("broker", cast.brokers)):
        for actor in actors[:SIGNED_IN_OF_EACH]:
            assert actor.person is not None
            entry = by_email.get(actor.person.email)
            if entry is None or not actor.person.check_password(entry["password"]):
                entry = _let_in(actor, role)
            people.append(entry)
    return people


def _let_in(actor: Actor, role: str) -> DemoPerson:
    person = actor.person
    assert person is not None
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        person.set_password(password)
        person.save(update_fields=["password"])
        for old in ApiKey.objects.filter(organization=actor.organization, name=KEY_NAME, revoked_at__isnull=True):
            revoke_key(actor=actor, key_id=old.public_id)
        _, text = create_key(actor=actor, name=KEY_NAME, scopes=KEY_SCOPES)
    return {
        "role": role,
        "email": person.email,
        "password": password,
        "organization": actor.organization.name,
        "api_key": text,
    }
