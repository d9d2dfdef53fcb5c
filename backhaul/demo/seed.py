"""Seeding and topping up: so many open loads and legs from now on, posted through the services that people use."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import connection

from backhaul.demo.bargains import Bargains
from backhaul.demo.cast import SIGNED_IN_OF_EACH, Cast, gather, sign_ins
from backhaul.demo.market import EQUIPMENT, MarketGenerator
from backhaul.demo.postings import Writer
from backhaul.supervisor.demo_file import read_people, write_people
from carriers.models import ReturnLeg, Truck
from carriers.queries import home_bases_of
from carriers.services import add_home_base, add_truck, expire_due_legs, post_leg, post_trip, set_costs
from carriers.terms import CostTerms, HomeBaseTerms, LegTerms, TripTerms, TruckTerms
from foundation.accounts.actor import Actor
from foundation.places.place import Place
from foundation.trade import clock
from foundation.trade.equipment import Attribute
from foundation.trade.errors import Conflict, Invalid
from foundation.trade.posting import Status
from loads.models import Load
from loads.services import expire_due_loads, post_load

Report = Callable[[str], None]
LEAD = timedelta(hours=2)  # the first pickup is at least this far off
MOST_REFUSED = 0.5  # of what is drawn; more means that something is wrong


class Seeder:
    """Posts generated loads and legs for a cast."""

    def __init__(self, cast: Cast, seed: int) -> None:
        """Prepare a generator; another seed draws another market."""
        self.cast = cast
        self._generator = MarketGenerator(seed)
        self._writer = Writer(self._generator, seed)
        self._random = random.Random(seed)  # noqa: S311 - a market, not a secret

    def _one_of(self, actors: list[Actor]) -> Actor:
        """Draw an organization; those who can be signed in to have more to do than the others."""
        if self._random.random() < 0.2:
            return self._random.choice(actors[:2])
        return self._random.choice(actors)

    def post_loads(self, count: int, report: Report) -> int:
        """Post loads until so many stand; what the rules refuse is drawn again. Return how many were posted."""
        start = clock.now() + LEAD
        posted = refused = 0
        while posted < count and refused <= count * MOST_REFUSED + 20:
            for terms in self._writer.loads(count - posted, start):
                try:
                    post_load(actor=self._one_of(list(self.cast.shippers)), terms=terms)
                except Invalid:
                    refused += 1
                else:
                    posted += 1
                    report(f"{posted:,} of {count:,}")
        return posted

    def post_load_for(self, leg: ReturnLeg) -> None:
        """Post a load that lies on a truck's way home; what the rules refuse is left out."""
        terms = self._writer.load_for(leg, clock.now() + LEAD)
        with suppress(Invalid):
            post_load(actor=self._one_of(list(self.cast.shippers)), terms=terms)

    def post_loads_home(self, *, at_most: int) -> None:
        """Post a load on the way home of each truck without a match, for the carriers who can sign in."""
        carriers = [actor.organization for actor in self.cast.carriers[:SIGNED_IN_OF_EACH]]
        legs = ReturnLeg.objects.filter(organization__in=carriers, status=Status.OPEN, matches__isnull=True)
        for leg in legs.order_by("id")[:at_most]:
            self.post_load_for(leg)

    def post_legs(self, count: int, report: Report) -> int:
        """Post return legs until so many stand, each with a truck that lives where it goes. Return how many were
        posted.
        """
        start = clock.now() + LEAD
        posted = refused = 0
        while posted < count and refused <= count * MOST_REFUSED + 20:
            rows = self._generator.legs(count - posted)
            for index, home in enumerate(self._writer.homes(rows)):
                carrier = self._one_of(list(self.cast.carriers))
                code = EQUIPMENT[rows.equipment[index]]
                try:
                    truck = self._truck(carrier, home, code, int(rows.weight_pounds[index]))
                    self._post_leg(carrier, self._writer.leg(rows, index, truck.public_id, start), home)
                except (Invalid, Conflict):
                    refused += 1
                else:
                    posted += 1
                    report(f"{posted:,} of {count:,}")
        return posted

    def _post_leg(self, carrier: Actor, terms: LegTerms, home: Place) -> None:
        """Post a leg; a third of them follow from a headhaul."""
        departs = terms.ready_at - timedelta(hours=30)
        if self._random.random() < 0.33:
            post_trip(actor=carrier, terms=TripTerms(origin=home, departs_at=departs), leg=terms)
        else:
            post_leg(actor=carrier, terms=terms)

    def _truck(self, carrier: Actor, home: Place, code: str, weight_pounds: int) -> Truck:
        """Return a truck of the carrier that is free and lives there, or a new one."""
        organization = carrier.organization
        free = (
            Truck.objects.filter(
                organization=organization, equipment=code, home_base__zip=home.zip, archived_at__isnull=True
            )
            .exclude(legs__status__in=[Status.OPEN, Status.COVERED])
            .first()
        )
        if free is not None:
            return free
        base = home_bases_of(organization).filter(zip=home.zip).first()
        if base is None:
            base = add_home_base(actor=carrier, terms=HomeBaseTerms(name=f"{home.city} yard", place=home))
        number = f"{code}{100 + Truck.objects.filter(organization=organization).count()}"
        return add_truck(
            actor=carrier,
            terms=TruckTerms(
                number=number,
                equipment=code,
                attributes=int(Attribute.TEMPERATURE) if code == "R" else 0,
                weight_pounds=weight_pounds,
                home_base=base.public_id,
            ),
        )

    def enter_costs(self) -> None:
        """Give half of the carriers costs of their own, so that own gain and market gain differ."""
        today = clock.now().date()
        for index, carrier in enumerate(self.cast.carriers):
            if index % 2 == 0 and not carrier.organization.cost_settings.exists():
                loaded = 150 + 5 * (index % 12)
                set_costs(
                    actor=carrier,
                    terms=CostTerms(
                        valid_from=today,
                        loaded_cents_per_mile=loaded,
                        empty_cents_per_mile=loaded - 12,
                        hour_cents=3500,
                    ),
                )


def _open_from_now(now: datetime) -> tuple[int, int]:
    return (
        Load.objects.filter(status=Status.OPEN, pickup_closes_at__gt=now).count(),
        ReturnLeg.objects.filter(status=Status.OPEN, expires_at__gt=now).count(),
    )


def seed(*, legs: int, loads: int, report: Report) -> None:
    """Bring the demo market up to so many open legs and loads from now on, and write who can sign in.

    The first seeding starts from a fixed seed; later ones draw on, so that next week's market is another, as alive.
    """
    with connection.cursor() as cursor:
        # a crash while seeding loses a few made-up postings, and the next start draws others
        cursor.execute("SET synchronous_commit TO off")
    report("organizations")
    cast = gather()
    write_people(base_url="", people=sign_ins(cast, read_people()))
    expire_due_loads()
    expire_due_legs()
    open_loads, open_legs = _open_from_now(clock.now())
    seeder = Seeder(cast, seed=1 + Load.objects.count() + ReturnLeg.objects.count())
    seeder.enter_costs()
    seeder.post_legs(max(0, legs - open_legs), lambda words: report(f"return legs {words}"))
    if open_loads < loads:
        report("loads on the way home of those who can sign in")
        seeder.post_loads_home(at_most=(loads - open_loads) // 4)
        open_loads, _ = _open_from_now(clock.now())
    seeder.post_loads(max(0, loads - open_loads), lambda words: report(f"loads {words}"))
    Bargains(cast).strike(report)
    report(f"{loads:,} loads, {legs:,} return legs")
