"""The trickle keeps the demo's market alive and leaves alone what somebody is deciding about."""

from typing import Any

import pytest

from backhaul.demo.bargains import Bargains
from backhaul.demo.cast import gather
from backhaul.demo.seed import Seeder
from backhaul.demo.trickle import Trickle
from brokers.models import Offer, OfferStatus, Thread, ThreadStatus
from carriers.models import ReturnLeg
from foundation.trade.posting import Status
from loads.models import Load
from tests.matching.conftest import straight_roads

__all__ = ["straight_roads"]

pytestmark = pytest.mark.django_db

POSTS_A_LOAD, POSTS_A_LEG = 0.4, 0.6


def _quiet(_: str) -> None:
    """Say nothing."""


@pytest.mark.usefixtures("straight_roads")
def test_a_full_market_withdraws_only_what_nobody_negotiates_over(
    settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FEDERAL_ANSWERS = str(tmp_path / "federal")
    cast = gather()
    seeder = Seeder(cast, seed=5)
    seeder.post_legs(15, _quiet)
    seeder.post_loads(15, _quiet)
    for leg in ReturnLeg.objects.filter(organization__in=[actor.organization for actor in cast.carriers[:2]]):
        for _ in range(4):
            seeder.post_load_for(leg)
    Bargains(cast).strike(_quiet)
    talks = Thread.objects.filter(status=ThreadStatus.OPEN)
    loads, legs = set(talks.values_list("load", flat=True)), set(talks.exclude(leg=None).values_list("leg", flat=True))
    assert loads
    assert legs
    live = Offer.objects.filter(status=OfferStatus.LIVE).count()

    trickle = Trickle(cast, legs=0, loads=0)
    for chance, postings in ((POSTS_A_LOAD, Load.objects), (POSTS_A_LEG, ReturnLeg.objects)):
        monkeypatch.setattr(trickle._random, "random", lambda chance=chance: chance)
        for _ in range(postings.filter(status=Status.OPEN).count()):
            trickle.step()

    assert set(Load.objects.filter(status=Status.OPEN).values_list("pk", flat=True)) == loads
    assert set(ReturnLeg.objects.filter(status=Status.OPEN).values_list("pk", flat=True)) >= legs
    assert ReturnLeg.objects.filter(status=Status.WITHDRAWN).exists()
    assert Offer.objects.filter(status=OfferStatus.LIVE).count() == live
