"""What a lane paid: from which bookings on it is told, to whom, how coarsely, and what nobody can learn from it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from matching.models import RateObservation
from matching.policies import forget_policy
from matching.rate_queries import Ends, estimate_of, lane_figure, may_be_shown, to_one_percent
from tests.builders import make_organization, now
from tests.matching.bookings import Parties, observe

pytestmark = pytest.mark.django_db

LANE = ("606", "IL", "752", "TX")
ENDS = Ends(*LANE)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # one instant for all that is booked and asked: no midnight in between
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def fresh_policy() -> Iterator[None]:
    """Read the policy anew in each test, and leave none behind."""
    forget_policy()
    yield
    forget_policy()


@pytest.fixture
def parties(db):
    return Parties(carriers=5, shippers=5)


def figure(viewer, ends=ENDS, equipment="V", miles=967.0):
    return lane_figure(viewer, equipment=equipment, loaded_miles=miles, ends=ends, today=TODAY)


def booked(parties, count=5, **fields):
    return observe(
        parties, count, **{"equipment": ("V",), "miles": 967.0, "days_ago": 3, "lane": LANE, "today": TODAY, **fields}
    )


def rows(*parts):
    """Return bookings by (carrier, shipper, seller)."""
    return [
        {"carrier_id": carrier, "shipper_id": shipper, "seller_id": seller, "rate_cents": 1, "loaded_miles": 1.0}
        for carrier, shipper, seller in parts
    ]


FIVE = [(1, 11, 11), (2, 12, 12), (3, 13, 13), (1, 14, 14), (2, 15, 15)]


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (FIVE, True),
        (FIVE[:4], False),  # four bookings
        ([(1 + number % 2, 11 + number, 11 + number) for number in range(6)], False),  # two carriers
        ([(1 + number, 11 + number % 2, 11 + number % 2) for number in range(6)], False),  # two shippers
        ([(1, 11, 11), (1, 12, 12), (1, 13, 13), (2, 14, 14), (3, 15, 15), (4, 16, 16)], True),  # half of six
        ([(1, 11, 11), (1, 12, 12), (1, 13, 13), (2, 14, 14), (3, 15, 15)], False),  # three of five
        ([(1, 11, 11), (2, 11, 11), (3, 11, 11), (4, 12, 12), (5, 13, 13), (6, 14, 14)], True),
        ([(1, 11, 11), (2, 11, 11), (3, 11, 11), (4, 12, 12), (5, 13, 13)], False),
        ([(carrier, shipper, 99) for carrier, shipper, _ in FIVE], False),  # one broker sold them all
        ([(1, 11, 99), (2, 12, 99), (3, 13, 99), (4, 14, 14), (5, 15, 15), (6, 16, 16)], True),
        ([(1, 11, 1), (2, 12, 1), (1, 13, 13), (2, 14, 14), (3, 15, 15)], False),  # in different roles
        ([], False),
    ],
)
def test_five_bookings_three_carriers_three_shippers_and_nobody_in_more_than_half(parts, shown):
    assert may_be_shown(rows(*parts)) == shown


def test_a_lane_is_told_from_its_fifth_booking_on_with_sample_and_age(parties, shipper):
    booked(parties, 4)
    assert figure(shipper) is None
    booked(parties, 1, seed=2, days_ago=1)
    found = figure(shipper)
    assert found is not None
    assert (found.scope, found.origin, found.destination, found.bookings) == ("zip3", "606", "752", 5)
    assert (found.newest, found.oldest) == (TODAY - timedelta(days=1), TODAY - timedelta(days=3))
    assert found.rate_cents % 500 == 0
    paid = sorted(row.rate_cents for row in RateObservation.objects.all())
    assert found.rate_cents == pytest.approx(paid[2], rel=0.01, abs=500)


def test_a_thin_lane_gets_the_wider_figure_and_says_so(parties, shipper):
    booked(parties, 3)
    booked(parties, 2, lane=("616", "IL", "770", "TX"))
    found = figure(shipper)
    assert found is not None
    assert (found.scope, found.origin, found.destination) == ("state", "IL", "TX")


def test_the_wider_figure_counts_hauls_of_like_length_only(parties, shipper):
    booked(parties, 5, lane=("616", "IL", "770", "TX"), miles=320.0)
    assert figure(shipper) is None
    assert figure(shipper, miles=300.0) is not None


def test_a_lane_is_one_way_and_of_one_kind_of_equipment(parties, shipper):
    booked(parties, 5)
    assert figure(shipper, Ends("752", "TX", "606", "IL")) is None
    assert figure(shipper, equipment="R") is None
    assert figure(shipper, equipment="VR") == figure(shipper, equipment="V")
    assert figure(shipper, Ends("", "IL", "", "CA")) is None


def test_only_verified_organizations_are_told_and_only_of_their_own_market(parties, shipper):
    booked(parties, 5)
    assert figure(shipper) is not None
    assert figure(make_organization("New Paper", verified=False)) is None
    assert figure(make_organization("Sandbox Paper", market="sandbox")) is None
    booked(Parties(market="sandbox"), 20, level=9.0)
    assert figure(shipper).bookings == 5


def test_what_is_older_than_90_days_or_fell_through_does_not_count(parties, shipper):
    booked(parties, 5, days_ago=90)
    assert figure(shipper) is None
    booked(parties, 5, days_ago=89)
    assert figure(shipper).bookings == 5
    RateObservation.objects.filter(pk=booked(parties, 5, days_ago=0)[0].pk).update(cancelled_at=now())
    assert figure(shipper).bookings == 9


def test_bookings_enter_and_leave_five_at_a_time_so_that_no_two_figures_differ_by_one(parties, shipper):
    """A reader who asks after every booking sees a new figure only when five more, or five fewer, stand behind it."""
    told = []
    for number in range(30):
        booked(parties, 1, seed=number, spread=0.3, days_ago=0)
        row = RateObservation.objects.latest("id")
        RateObservation.objects.filter(pk=row.pk).update(
            carrier=parties.carriers[number % 5],
            shipper=parties.shippers[number % 5],
            seller=parties.shippers[number % 5],
        )
        told.append(figure(shipper))
    assert told[3] is None
    assert [found.bookings for found in told[4:]] == [5 + (number // 5) * 5 for number in range(26)]
    for start in range(4, 29, 5):
        assert len({found.rate_cents for found in told[start : start + 5]}) == 1
    # and on the way out: the first three leave the window alone, and take their five with them
    first = list(RateObservation.objects.order_by("id").values_list("pk", flat=True)[:3])
    RateObservation.objects.filter(pk__in=first).update(booked_on=TODAY - timedelta(days=90))
    assert figure(shipper).bookings == 25


def test_the_figure_names_no_rate_that_anybody_was_paid_to_the_cent(parties, shipper):
    paid = {row.rate_cents for row in booked(parties, 5, spread=0.2)}
    found = figure(shipper)
    assert found.rate_cents % 500 == 0
    assert not paid & {round(found.cents_per_mile * 967), found.rate_cents}
    assert any(abs(each / 967 - found.cents_per_mile) < 3 for each in paid)  # it is the median all the same


def test_a_rate_a_mile_is_rounded_to_steps_of_at_most_1_percent():
    for cents, rounded in ((206.9, 206.0), (199.0, 199.0), (612.0, 610.0), (99.9, 100.0), (0.0, 0.0)):
        assert to_one_percent(cents) == rounded
    draw = random.Random(1)
    for _ in range(500):
        cents = draw.uniform(0.5, 5000)
        assert to_one_percent(cents) == pytest.approx(cents, rel=0.0051)


def test_an_estimate_is_rounded_and_carries_the_lane_where_one_may_be_shown(parties, shipper):
    booked(parties, 5, level=1.2)
    estimate = estimate_of(shipper, equipment="V", loaded_miles=967.0, ends=ENDS, now=NOON)
    # 967 mi lie between 600 (225 c) and 1,200 (200 c): 209.7 c; $2,027.88, a quarter less and more
    assert (estimate.rate_cents, estimate.low_cents, estimate.high_cents) == (203_000, 152_000, 253_500)
    assert estimate.words == "default, not observed"
    assert not estimate.is_observed
    assert estimate.lane is not None
    alone = estimate_of(shipper, equipment="V", loaded_miles=967.0, ends=None, now=NOON)
    assert alone.lane is None
    assert alone.rate_cents == estimate.rate_cents
