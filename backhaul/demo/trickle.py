"""The trickle: while the demo runs, people keep posting, changing and withdrawing, so that the desk lives."""

import random
import threading

from django.db import OperationalError, close_old_connections

from backhaul.demo.cast import Cast, gather
from backhaul.demo.seed import Seeder
from carriers.models import ReturnLeg
from carriers.services import confirm_leg, withdraw_leg
from foundation.trade import clock
from foundation.trade.errors import TradeError
from foundation.trade.posting import CONFIRMATION_ASKED_AFTER, Status
from loads.models import Load
from loads.services import confirm_load, withdraw_load

SECONDS_BETWEEN = 4.0
_ABOVE = 1.1  # the market may grow this far beyond its size before the trickle withdraws more than it posts


class Trickle:
    """One small change to the market after another."""

    def __init__(self, cast: Cast, *, legs: int, loads: int) -> None:
        """Take the cast and the size that the market should keep."""
        self._shippers = {actor.organization.pk: actor for actor in cast.shippers}
        self._carriers = {actor.organization.pk: actor for actor in cast.carriers}
        self._legs, self._loads = legs, loads
        self._random = random.Random()  # noqa: S311 - a market, not a secret
        self._seeder = Seeder(cast, seed=self._random.randrange(2**31))

    def step(self) -> None:
        """Do one thing: mostly post a load, now and then a leg; withdraw when the market is full, confirm what is asked
        for.
        """
        chance = self._random.random()
        if chance < 0.70:
            self._load()
        elif chance < 0.90:
            self._leg()
        else:
            self._confirm()

    def _load(self) -> None:
        mine = Load.objects.filter(status=Status.OPEN, organization__in=self._shippers)
        if mine.count() > self._loads * _ABOVE:
            load = mine.order_by("?").first()
            if load is not None:
                withdraw_load(actor=self._shippers[load.organization_id], load_id=load.public_id)
            return
        self._seeder.post_loads(1, _quiet)

    def _leg(self) -> None:
        mine = ReturnLeg.objects.filter(status=Status.OPEN, organization__in=self._carriers)
        if mine.count() > self._legs * _ABOVE:
            leg = mine.order_by("?").first()
            if leg is not None:
                withdraw_leg(actor=self._carriers[leg.organization_id], leg_id=leg.public_id)
            return
        self._seeder.post_legs(1, _quiet)

    def _confirm(self) -> None:
        """Confirm a few postings that were asked about; the rest grow stale, as they do in life."""
        asked_before = clock.now() - CONFIRMATION_ASKED_AFTER
        for load in Load.objects.filter(
            status=Status.OPEN, confirmed_at__lte=asked_before, organization__in=self._shippers
        )[:20]:
            confirm_load(actor=self._shippers[load.organization_id], load_id=load.public_id)
        for leg in ReturnLeg.objects.filter(
            status=Status.OPEN, confirmed_at__lte=asked_before, organization__in=self._carriers
        )[:5]:
            confirm_leg(actor=self._carriers[leg.organization_id], leg_id=leg.public_id)


def _quiet(words: str) -> None:
    """Report to nobody."""


def run(*, legs: int, loads: int, stop: threading.Event) -> None:
    """Change the market every few seconds until told to stop; a conflict or a database that is away costs one turn."""
    trickle: Trickle | None = None
    while not stop.wait(SECONDS_BETWEEN):
        close_old_connections()
        try:
            if trickle is None:
                trickle = Trickle(gather(), legs=legs, loads=loads)
            trickle.step()
        except (TradeError, OperationalError):
            continue
