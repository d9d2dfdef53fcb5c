"""The cast of the rules about who sees what: a load, a leg and a match full of secrets, and everybody who might ask.

`shipper` owns the load, `carrier` the leg. Each secret is a text that stands nowhere else.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.test import Client

from brokers.models import Proposal
from brokers.services import propose_line
from carriers.models import CostSetting, ReturnLeg
from carriers.services.legs import post_leg
from carriers.services.trips import post_trip
from carriers.terms import TripTerms
from foundation.accounts.actor import SCOPES_BY_ROLE, Actor
from foundation.accounts.models import Market, Organization, Person, Relationship, RelationshipKind, Role
from foundation.accounts.models.keys import ApiKey
from foundation.accounts.models.people import Invitation
from foundation.accounts.models.relationships import RelationshipRequest
from foundation.accounts.services.keys import create_key
from foundation.accounts.services.people import invite_colleague
from foundation.accounts.services.relationships import ask_for_relationship
from foundation.places.queries import find_place
from foundation.trade.hours import DutyClock
from foundation.trade.money import decimal_text, dollars
from loads.models import Load
from loads.services import post_load
from matching.models import Combination, Match, PlanLine
from matching.services import ask_plan, combine_leg
from tests.builders import (
    leg_terms,
    load_terms,
    make_actor,
    make_driver,
    make_home_base,
    make_load,
    make_organization,
    make_person,
    make_relationship,
    make_trailer,
    make_truck,
    now,
    stop_terms,
)
from tests.events.pump import pump
from tests.house.bargains import Bargains, strike

BACKEND = "django.contrib.auth.backends.ModelBackend"
LOAD_SECRETS: dict[str, str | tuple[str, str]] = {
    "private notes of the load": "Quartz-private-load",
    "notes of the load": "Quartz-notes-load",
    "instructions of the load": "Quartz-instructions-load",
    "reference of the load": "QZ-REF-LOAD",
    "external id of the load": "QZ-EXT-LOAD",
    "facility": "Quartz dock 9",
    "street address": "4711 Quartz Street",
    "instructions of the stop": "Quartz-gate-code",
    "pickup's ZIP code": "60616",
    "delivery's ZIP code": "75226",
    "reserve": "3,377.77",
    "reserve in REST": "3377.77",
}
LEG_SECRETS: dict[str, str | tuple[str, str]] = {
    "private notes of the leg": "Topaz-private-leg",
    "notes of the leg": "Topaz-notes-leg",
    "reference of the leg": "TZ-REF-LEG",
    "reference of the headhaul": "TZ-REF-TRIP",
    "external id of the leg": "TZ-EXT-LEG",
    "origin of the headhaul": "Oshkosh",
    "driver's name": "Topaz Driver",
    "driver's phone": "+1 920 555 0177",
    "truck's number": "TZ-TRUCK-7",
    "trailer's number": "TZ-TRAILER-8",
    "home base": "Topaz Yard",
    "home's city": "Waxahachie",
    "home's ZIP code": "75165",
    "driving time left": "driving 8:37",
    "driving time left in REST": '"drive_minutes_left":517',
    "an hour's own cost": "29.13",
    "name of a key": "Topaz TMS",
    "address of somebody invited": "topaz-colleague@example.com",
}
CONTACTS = ("quartz-contact@example.com", "Quartz Contact", "topaz-contact@example.com", "Topaz Contact")


@dataclass
class Cast:
    """Who might ask, each with a browser of its own, and what they might ask for."""

    shipper: Organization
    carrier: Organization
    agent: Organization
    load: Load
    leg: ReturnLeg
    match: Match
    combination: Combination
    line: PlanLine
    proposal: Proposal
    draft_load: Load
    draft_leg: ReturnLeg
    costs: CostSetting
    key: ApiKey
    invitation: Invitation
    standing: Relationship
    request: RelationshipRequest
    colleague: Person
    bargains: Bargains
    clients: dict[str, Client]

    def secrets(self) -> dict[str, dict[str, str | tuple[str, str]]]:
        """Return what the load and the leg keep to themselves; of two texts, what matters is that both are there."""
        load, leg, worth_from = self.load, self.leg, self.match.own_parts["worth_from_cents"]
        tour = self.combination
        return {
            "load": {
                **LOAD_SECRETS,
                "shipper's contact": CONTACTS[0],
                "shipper's contact person": CONTACTS[1],
                "pickup's point": (f"{load.pickup_lat:.4f}", f"{load.pickup_lon:.4f}"),
                "delivery's point": (f"{load.delivery_lat:.4f}", f"{load.delivery_lon:.4f}"),
            },
            "leg": {
                **LEG_SECRETS,
                "own gain": dollars(self.match.own_gain_cents).lstrip("$"),
                "own gain in REST": decimal_text(self.match.own_gain_cents),
                "own floor": f"from {dollars(worth_from)}",
                "own floor in REST": decimal_text(worth_from),
                "own gain of a tour": dollars(tour.own_gain_cents).lstrip("$"),
                "own gain of a tour in REST": decimal_text(tour.own_gain_cents),
                "own floor of a tour": f"from {dollars(tour.own_parts['worth_from_cents'])}",
                "own floor of a tour in REST": decimal_text(tour.own_parts["worth_from_cents"]),
                "carrier's contact": CONTACTS[2],
                "carrier's contact person": CONTACTS[3],
                "home's point": (f"{leg.home_lat:.4f}", f"{leg.home_lon:.4f}"),
            },
        }


def _browser(person: Person | None) -> Client:
    client = Client(raise_request_exception=False)
    if person is not None:
        client.force_login(person, backend=BACKEND)
    return client


def _loads(shipper: Organization, owner: Person) -> tuple[Load, Load]:
    actor = make_actor(shipper, person=owner)
    first = now() + timedelta(days=1)
    where = {"facility": "Quartz dock 9", "address": "4711 Quartz Street", "instructions": "Quartz-gate-code"}
    terms = load_terms(
        stops=(
            stop_terms("60616", first, **where),
            stop_terms("75226", first + timedelta(days=2), kind="delivery", **where),
        ),
        notes="Quartz-notes-load",
        private_notes="Quartz-private-load",
        instructions="Quartz-instructions-load",
        reference="QZ-REF-LOAD",
        reserve_cents=3_377_77,
    )
    opened = post_load(actor=actor, terms=terms, external_id="QZ-EXT-LOAD")
    return opened, post_load(actor=actor, terms=terms, draft=True)


def _legs(carrier: Organization, owner: Person, driving: Person) -> tuple[ReturnLeg, ReturnLeg]:
    actor = make_actor(carrier, person=owner)
    base = make_home_base(carrier, "75165", name="Topaz Yard")
    driver = make_driver(carrier, name="Topaz Driver", phone="+1 920 555 0177", person=driving)
    trailer = make_trailer(carrier, number="TZ-TRAILER-8")
    truck = make_truck(
        carrier, number="TZ-TRUCK-7", home_base=base, usual_driver=driver, usual_trailer=trailer, home=""
    )
    ready = now() + timedelta(days=1)
    terms = leg_terms(
        truck,
        "60601",
        ready_at=ready,
        hours=120,
        clock=DutyClock(drive_minutes=517, shift_minutes=701, break_minutes=401, cycle_minutes=2903),
        notes="Topaz-notes-leg",
        private_notes="Topaz-private-leg",
        reference="TZ-REF-LEG",
    )
    headhaul = TripTerms(
        origin=find_place("Oshkosh, WI"), departs_at=ready - timedelta(hours=10), reference="TZ-REF-TRIP"
    )
    trip = post_trip(actor=actor, terms=headhaul, leg=terms, external_id="TZ-EXT-LEG")
    other = make_truck(carrier, home_base=base, home="")
    return trip.leg, post_leg(actor=actor, terms=leg_terms(other), draft=True)


def _combination(leg: ReturnLeg, other_shipper: Organization, first: Load) -> Combination:
    """Post another shipper's load from near where the first is delivered to Fort Worth, and chain the two."""
    opens_at = first.last_stop.opens_at
    stops = (stop_terms("75201", opens_at, hours=30), stop_terms("76102", opens_at, hours=48, kind="delivery"))
    make_load(other_shipper, terms=load_terms(stops=stops, rate_cents=90_000, commodity="Quilts"))
    combine_leg(leg=ReturnLeg.objects.select_related("organization", "match_run").get(pk=leg.pk))
    return Combination.objects.get(leg=leg)


def assemble() -> Cast:
    """Put the cast together; news has been carried, and the load and the leg have been matched."""
    contact = {"contact_email": CONTACTS[0], "contact_name": CONTACTS[1]}
    shipper = make_organization("Prairie Paper", **contact)
    contact = {"contact_email": CONTACTS[2], "contact_name": CONTACTS[3]}
    carrier = make_organization("Ruiz Trucking", hauls=True, **contact)
    CostSetting.objects.create(
        organization=carrier,
        valid_from=date(2026, 1, 1),
        loaded_cents_per_mile=131,
        empty_cents_per_mile=127,
        hour_cents=2913,
    )
    agent = make_organization("Agent Brokers", brokers=True)
    strangers = {
        "broker": make_organization("Unrelated Brokers", brokers=True),
        "rival_shipper": make_organization("Other Paper"),
        "rival_carrier": make_organization("Other Trucking", hauls=True),
        "blocked": make_organization("Blocked Trucking", hauls=True, ships=True, brokers=True),
        "sandboxed": make_organization("Sand", hauls=True, ships=True, brokers=True, market=Market.SANDBOX),
        "unverified": make_organization("New Trucking", hauls=True, ships=True, brokers=True, verified=False),
    }
    for giver in (shipper, carrier):
        standing = make_relationship(giver, agent, RelationshipKind.REPRESENTS)
        make_relationship(giver, strangers["blocked"], RelationshipKind.BLOCKED)
    people = {
        "shipper": make_person(shipper),
        "shipper_viewer": make_person(shipper, Role.VIEWER),
        "carrier": make_person(carrier),
        "carrier_dispatcher": make_person(carrier, Role.DISPATCHER),
        "driver": make_person(carrier, Role.DRIVER),
        "agent": make_person(agent),
        **{name: make_person(organization) for name, organization in strangers.items()},
        "newcomer": make_person(),
    }
    opened_load, draft_load = _loads(shipper, people["shipper"])
    leg, draft_leg = _legs(carrier, people["carrier"], people["driver"])
    asker = make_actor(strangers["broker"], person=people["broker"])
    asks_carrier = ask_for_relationship(
        actor=asker, giver_public_id=carrier.public_id, kind=RelationshipKind.REPRESENTS, message="Let us work together"
    )
    boss = make_actor(carrier, person=people["carrier"])
    invitation = invite_colleague(actor=boss, email="topaz-colleague@example.com", role=Role.DISPATCHER)
    key, _ = create_key(actor=boss, name="Topaz TMS", scopes=["loads:read"])
    pump()
    match = Match.objects.get(leg=leg, load=opened_load)
    asking = Actor(agent, SCOPES_BY_ROLE[Role.OWNER], person=people["agent"], role=Role.OWNER)
    plan, _ = ask_plan(actor=asking)
    pump()
    line = plan.lines.get()
    proposal = propose_line(actor=asking, plan_id=plan.public_id, line_id=line.public_id)
    combination = _combination(leg, strangers["rival_shipper"], opened_load)
    return Cast(
        shipper=shipper,
        carrier=carrier,
        agent=agent,
        load=opened_load,
        leg=leg,
        match=match,
        line=line,
        proposal=proposal,
        combination=combination,
        draft_load=draft_load,
        draft_leg=draft_leg,
        costs=CostSetting.objects.get(organization=carrier),
        key=key,
        invitation=invitation,
        standing=standing,
        request=asks_carrier,
        colleague=people["carrier_dispatcher"],
        bargains=strike(strangers["rival_shipper"], strangers["rival_carrier"], people["rival_carrier"]),
        clients={**{name: _browser(person) for name, person in people.items()}, "anonymous": _browser(None)},
    )
