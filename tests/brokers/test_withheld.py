"""Why a truck cannot come is its carrier's own: on no path its broker reads hours, other tours, or its number."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from brokers.models import Booking, Claim, ClaimStatus, Offer, OfferStatus
from brokers.services.offers import accept_offer
from brokers.services.pending import check_waiting_claims
from brokers.services.threads import invite_carrier
from carriers.models import ReturnLeg, Truck
from foundation.accounts.models import FederalRecord, Organization, RelationshipKind
from foundation.events.models import FeedEntry, Mail, Notice
from foundation.rest.fields import instant
from loads.models import Load
from tests.brokers.bargains import terms
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.test_bargain_pages import body, sent
from tests.brokers.test_pending_claims import answer
from tests.builders import make_actor, make_organization, make_record, make_relationship, now, stop_terms
from tests.events.pump import pump
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db

NUMBER = "TZ-77"
_keys = count()


@dataclass(frozen=True)
class Scene:
    """A truck on its way home that a rested driver, but not this one, can bring to a pickup in time.

    The agent lets itself be found as the broker that acts for the carrier; `elsewhere` is in the time of a tour that
    the truck drives out on.
    """

    carrier: Organization
    agent: Organization
    shipper: Organization
    leg: ReturnLeg
    load: Load
    later: Load
    sign_in: Callable[..., Client]

    def tire(self) -> None:
        """Let the driver have an hour left."""
        ReturnLeg.objects.filter(pk=self.leg.pk).update(drive_minutes_left=60, shift_minutes_left=90)

    def read_by(self, who: Organization) -> "Reader":
        return Reader(self, who)


class Reader:
    """Somebody who tries a path, and all that it then reads."""

    def __init__(self, scene: Scene, who: Organization) -> None:
        self.scene, self.who = scene, who
        self.rest, self.pages = ApiClient(who), scene.sign_in(who)

    def post(self, path: str, data: dict[str, Any]) -> str:
        """POST over REST, and return the whole answer."""
        key = {"Idempotency-Key": f"key-{next(_keys)}"}
        return str(self.rest.post(f"/api/v1{path}", data, headers=key).content.decode())

    def get(self, path: str) -> str:
        """GET over REST."""
        return str(self.rest.get(f"/api/v1{path}").content.decode())

    def send(self, path: str, **changes: str) -> str:
        """Open a page and send its form; return the page that answers."""
        page = body(self.pages.get(path))
        return body(self.pages.post(path, sent(page, **changes)))

    def stored(self) -> str:
        """Return all that lies in its feed, bell and mailbox."""
        name = self.who.public_id
        pump()
        parts = [str(entry.payload) for entry in FeedEntry.objects.filter(organization_id=name)]
        parts += [row.text for row in Notice.objects.filter(organization_id=name)]
        parts += [f"{row.subject} {row.text} {row.html}" for row in Mail.objects.filter(organization_id=name)]
        return "\n".join(parts)


@pytest.fixture
def registry(settings: Any, tmp_path: Path) -> Path:
    settings.FEDERAL_ANSWERS = str(tmp_path)
    return tmp_path


def from_milwaukee(shipper: Organization, leg: ReturnLeg, *, hours: float = 4) -> Load:
    """Post a load 90 miles from where the truck is empty, picked up within four hours of that."""
    stops = (
        stop_terms("53202", leg.ready_at, hours=hours),
        stop_terms("75201", leg.ready_at + timedelta(days=3), kind="delivery"),
    )
    return open_load(shipper, stops=stops)


@pytest.fixture
def scene(
    registry: Path,
    shipper: Organization,
    carrier: Organization,
    broker: Organization,
    sign_in: Callable[..., Client],
    straight_roads: None,
) -> Scene:
    make_record(carrier)
    make_relationship(carrier, broker, RelationshipKind.REPRESENTS)
    leg = going_home(carrier)
    Truck.objects.filter(pk=leg.truck_id).update(number=NUMBER)
    leg.refresh_from_db()
    load = from_milwaukee(shipper, leg)
    later = open_load(shipper, from_place="75201", to_place="75201", opens_at=leg.ready_at + timedelta(days=3, hours=9))
    return Scene(carrier, broker, shipper, leg, load, later, sign_in)


def usd(cents: int | None) -> dict[str, str]:
    return {"amount": f"{(cents or 0) / 100:.2f}", "currency": "USD"}


def busy(scene: Scene) -> Load:
    """Book the truck out of Dallas, and return another load out of Dallas for the same day."""
    out = open_load(scene.shipper, from_place="75201", to_place="77002", opens_at=now() + timedelta(days=12))
    claim(scene.carrier, out, _OutLeg(scene.leg.truck))  # type: ignore[arg-type]
    return open_load(scene.shipper, from_place="75201", to_place="77002", opens_at=now() + timedelta(days=12))


@dataclass(frozen=True)
class _OutLeg:
    """A truck that goes out without a leg, as `claim` asks for it."""

    truck: Truck
    public_id: str = ""


# --- The paths, each returning all that its reader hears --------------------------------------------------------------


def claims_over_rest(reader: Reader) -> str:
    scene = reader.scene
    scene.tire()
    return reader.post(
        f"/loads/{scene.load.public_id}/claims", {"leg": scene.leg.public_id, "rate": usd(scene.load.rate_cents)}
    )


def claims_on_a_page(reader: Reader) -> str:
    scene = reader.scene
    scene.tire()
    return reader.send(f"/bargain/loads/{scene.load.public_id}/claim/", vehicle=f"leg:{scene.leg.public_id}")


def claims_with_a_truck_that_is_on_another_tour(reader: Reader) -> str:
    load = busy(reader.scene)
    return reader.post(
        f"/loads/{load.public_id}/claims", {"truck": reader.scene.leg.truck.public_id, "rate": usd(load.rate_cents)}
    )


def claims_while_the_check_waits(reader: Reader) -> str:
    scene = reader.scene
    registry_says(scene.carrier, fails=True)
    return claims_over_rest(reader)


def is_released_after_its_claim_waited(reader: Reader) -> str:
    scene = reader.scene
    registry_says(scene.carrier, fails=True)
    made = claim(scene.carrier, scene.load, scene.leg, actor=make_actor(reader.who))
    assert made.status == ClaimStatus.PENDING
    scene.tire()
    registry_says(scene.carrier)
    assert check_waiting_claims() == 1
    made.refresh_from_db()
    assert made.status == ClaimStatus.RELEASED
    page = body(reader.pages.get(f"/claims/{made.public_id}/")) + body(reader.pages.get("/claims/"))
    return reader.get(f"/claims/{made.public_id}") + page + reader.stored()


def offers_over_rest(reader: Reader) -> str:
    scene = reader.scene
    scene.tire()
    asked = {"leg": scene.leg.public_id, "rate": usd(2_300_00), "load_version": scene.load.version}
    return reader.post(f"/loads/{scene.load.public_id}/offers", asked)


def offers_on_a_page(reader: Reader) -> str:
    scene = reader.scene
    scene.tire()
    return reader.send(
        f"/bargain/loads/{scene.load.public_id}/offer/", vehicle=f"leg:{scene.leg.public_id}", linehaul="2300"
    )


def offers_with_a_truck_that_is_on_another_tour(reader: Reader) -> str:
    load = busy(reader.scene)
    asked = {"truck": reader.scene.leg.truck.public_id, "rate": usd(2_300_00), "load_version": load.version}
    return reader.post(f"/loads/{load.public_id}/offers", asked)


def accepts_over_rest(reader: Reader) -> str:
    offer = _invited(reader.scene)
    reader.scene.tire()
    return reader.post(f"/offers/{offer.public_id}/acceptance", {"number": 1, "load_version": offer.load_version})


def accepts_on_a_page(reader: Reader) -> str:
    offer = _invited(reader.scene)
    reader.scene.tire()
    thread = offer.thread.public_id
    said = {"offer": offer.public_id, "number": "1", "load_version": str(offer.load_version)}
    answered = reader.pages.post(f"/threads/{thread}/accept/", said)
    return body(answered) if answered.status_code != 302 else body(reader.pages.get(answered["Location"]))


def accepts_while_the_check_waits(reader: Reader) -> str:
    registry_says(reader.scene.carrier, fails=True)
    return accepts_over_rest(reader)


def is_released_after_the_acceptance_waited(reader: Reader) -> str:
    scene = reader.scene
    offer = _invited(scene)
    registry_says(scene.carrier, fails=True)
    hold = accept_offer(
        actor=make_actor(reader.who), offer_id=offer.public_id, number=1, load_version=offer.load_version
    )
    assert isinstance(hold, Claim)
    scene.tire()
    registry_says(scene.carrier)
    assert check_waiting_claims() == 1
    offer.refresh_from_db()
    assert offer.status == OfferStatus.LIVE
    thread = offer.thread.public_id
    read = reader.get(f"/threads/{thread}") + body(reader.pages.get(f"/threads/{thread}/"))
    assert "stands again" in read
    return read + reader.stored()


def claims_two_loads_on_the_leg(reader: Reader) -> str:
    scene = reader.scene
    scene.tire()
    loads = [
        {"load": each.public_id, "load_version": each.version, "rate": usd(each.rate_cents)}
        for each in (scene.load, _from_dallas(scene))
    ]
    return reader.post("/claims", {"leg": scene.leg.public_id, "loads": loads})


def claims_a_round_trip_with_a_truck_that_is_on_another_tour(reader: Reader) -> str:
    out = busy(reader.scene)
    after = now() + timedelta(days=15)
    back = open_load(reader.scene.shipper, from_place="77002", to_place="75201", opens_at=after, rate_cents=900_00)
    loads = [
        {"load": each.public_id, "load_version": each.version, "rate": usd(each.rate_cents)} for each in (out, back)
    ]
    return reader.post("/claims", {"truck": reader.scene.leg.truck.public_id, "loads": loads})


def amends_the_times_of_a_stop(reader: Reader) -> str:
    scene = reader.scene
    wide = from_milwaukee(scene.shipper, scene.leg, hours=30)
    booking = claim(scene.carrier, wide, scene.leg).loads.get().booking
    scene.tire()
    times = [
        {"sequence": stop.sequence, "opens_at": instant(stop.opens_at), "closes_at": instant(stop.closes_at)}
        for stop in wide.stops.all()
    ]
    times[0]["closes_at"] = instant(scene.leg.ready_at + timedelta(hours=4))
    return reader.post(
        f"/bookings/{booking.public_id}/amendments",
        {"subject": "carriage", "version": booking.version, "stop_times": times, "reason": "The dock closes sooner."},
    )


PATHS = (
    claims_over_rest,
    claims_on_a_page,
    claims_with_a_truck_that_is_on_another_tour,
    claims_while_the_check_waits,
    is_released_after_its_claim_waited,
    offers_over_rest,
    offers_on_a_page,
    offers_with_a_truck_that_is_on_another_tour,
    accepts_over_rest,
    accepts_on_a_page,
    accepts_while_the_check_waits,
    is_released_after_the_acceptance_waited,
    claims_two_loads_on_the_leg,
    claims_a_round_trip_with_a_truck_that_is_on_another_tour,
    amends_the_times_of_a_stop,
)


def registry_says(carrier: Organization, *, fails: bool = False) -> None:
    """Let the registry answer, or say nothing of the carrier."""
    answer(Path(settings.FEDERAL_ANSWERS), carrier, fails=fails)
    if fails:
        FederalRecord.objects.all().delete()


def _invited(scene: Scene) -> Offer:
    return invite_carrier(
        actor=make_actor(scene.shipper),
        load_id=scene.load.public_id,
        leg_id=scene.leg.public_id,
        terms=terms(scene.load),
        load_version=scene.load.version,
    )


def _from_dallas(scene: Scene) -> Load:
    stops = (
        stop_terms("53202", scene.leg.ready_at, hours=4),
        stop_terms("75201", scene.leg.ready_at + timedelta(days=3), kind="delivery"),
    )
    fields = {"size": "partial", "weight_pounds": 3_000, "length_feet": 6, "stops": stops}
    return open_load(make_organization("Second Paper"), **fields)


FIGURES = re.compile(rf"\d+ h(?: \d+ min)?\b|\d+ min\b|another tour|{NUMBER}|trk_\w+")
"""What durations, the truck's other tours and the fleet would be told by."""

THEIRS = ("30 min", "2 h", "120 min")
"""Figures that pages and terms say of themselves: an offer's usual time, the free time at a stop."""


def told(answered: str) -> set[str]:
    """Return what an answer says of the driver's hours, the truck's other tours, and the truck."""
    return set(FIGURES.findall(answered)) - set(THEIRS)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_the_carrier_reads_why_its_truck_cannot_come_and_its_agent_does_not(
    path: Callable[[Reader], str], scene: Scene
) -> None:
    heard = {}
    for who in (scene.carrier, scene.agent):
        with transaction.atomic():
            heard[who] = path(scene.read_by(who))
            assert not Booking.objects.filter(load=scene.load).exists()
            transaction.set_rollback(True)
    assert told(heard[scene.carrier]), "the path would tell it"
    assert not told(heard[scene.agent])


def test_no_row_of_offers_on_other_times_feels_the_driver_s_hours_out(scene: Scene) -> None:
    scene.tire()
    agent = scene.read_by(scene.agent)
    times = [
        {"sequence": stop.sequence, "opens_at": instant(stop.opens_at), "closes_at": instant(stop.closes_at)}
        for stop in scene.load.stops.all()
    ]
    times[0]["closes_at"] = instant(scene.leg.ready_at + timedelta(hours=3, minutes=59))
    asked = {"leg": scene.leg.public_id, "rate": usd(2_300_00), "load_version": scene.load.version}
    answered = agent.post(f"/loads/{scene.load.public_id}/offers", asked | {"stop_times": times})
    assert '"number":1' in answered.replace(" ", "")
    assert not told(answered)


def test_an_agent_hears_what_why_not_says_where_a_rested_driver_could_not_come_either(scene: Scene) -> None:
    agent, near = scene.read_by(scene.agent), from_milwaukee(scene.shipper, scene.leg, hours=1)
    why = json.loads(agent.get(f"/legs/{scene.leg.public_id}/why-not?load={near.public_id}"))
    heard = json.loads(
        agent.post(f"/loads/{near.public_id}/claims", {"leg": scene.leg.public_id, "rate": usd(near.rate_cents)})
    )
    assert why["sentence"] in heard["detail"], (why, heard)
