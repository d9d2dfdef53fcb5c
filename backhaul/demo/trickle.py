"""The trickle: while the demo runs, people keep posting, changing and withdrawing, so that the desk lives."""

import random
import threading
from dataclasses import replace

from django.db import OperationalError, close_old_connections
from django.db.models import Q, QuerySet

from backhaul.demo.cast import Cast, gather
from backhaul.demo.seed import Seeder
from brokers.models import ClaimStatus, ProposalStatus, ThreadStatus
from carriers.models import ReturnLeg
from carriers.services import confirm_leg, withdraw_leg
from foundation.trade import clock
from foundation.trade.errors import TradeError
from foundation.trade.posting import CONFIRMATION_ASKED_AFTER, Status
from loads.models import Load
from loads.services import confirm_load, edit_load, withdraw_load
from loads.terms import terms_of
from matching.models import Match

SECONDS_BETWEEN = 4.0
_ON_DESKS = 80  # matches at the top of the desk, among which rates move
_ABOVE = 1.1  # the market may grow this far beyond its size before the trickle withdraws more than it posts

# What people are deciding about is theirs: whoever tries a negotiation, a claim or a proposal finds it as it was.
_STANDING = (ProposalStatus.OPEN, ProposalStatus.WELCOMED)
_LOAD_IN_TALKS = (
    Q(threads__status=ThreadStatus.OPEN)
    | Q(claims__claim__status=ClaimStatus.PENDING)
    | Q(proposals__proposal__status__in=_STANDING)
)
_LEG_IN_TALKS = (
    Q(threads__status=ThreadStatus.OPEN) | Q(claims__status=ClaimStatus.PENDING) | Q(proposals__status__in=_STANDING)
)


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
        """Do one thing: loads come more often than legs, many where a truck goes home; rates are haggled over."""
        chance = self._random.random()
        if chance < 0.35:
            self._load_on_a_way_home()
        elif chance < 0.55:
            self._load()
        elif chance < 0.72:
            self._leg()
        elif chance < 0.92:
            self._rate()
        else:
            self._confirm()

    def _load_on_a_way_home(self) -> None:
        """Post a load for one of the longest empty runs, which the desk has at its top."""
        legs = ReturnLeg.objects.filter(status=Status.OPEN, ready_at__gt=clock.now()).order_by("-home_miles")
        longest = list(legs[: max(10, self._legs // 3)])
        if longest and not self._withdraws_load():
            self._seeder.post_load_for(self._random.choice(longest))

    def _rate(self) -> None:
        """Change the rate of a load that stands on desks by a few per cent."""
        priced = self._open_loads().filter(rate_cents__isnull=False).exclude(_LOAD_IN_TALKS)
        ours = Match.objects.filter(load__in=priced, leg__status=Status.OPEN)
        best = [match.load for match in ours.select_related("load").order_by("-market_gain_cents")[:_ON_DESKS]]
        if best:
            load = self._random.choice(best)
            terms = terms_of(load)
            rate = round((terms.rate_cents or 0) * self._random.uniform(0.95, 1.06) / 500) * 500
            actor = self._shippers[load.organization_id]
            edit_load(actor=actor, load_id=load.public_id, version=load.edition, terms=replace(terms, rate_cents=rate))

    def _load(self) -> None:
        if not self._withdraws_load():
            self._seeder.post_loads(1, _quiet)

    def _withdraws_load(self) -> bool:
        """Say whether the market was full, and a load was withdrawn from it instead."""
        mine = self._open_loads()
        if mine.count() <= self._loads * _ABOVE:
            return False
        load = mine.exclude(_LOAD_IN_TALKS).order_by("?").first()
        if load is not None:
            withdraw_load(actor=self._shippers[load.organization_id], load_id=load.public_id)
        return True

    def _open_loads(self) -> QuerySet[Load]:
        return Load.objects.filter(status=Status.OPEN, organization__in=self._shippers)

    def _leg(self) -> None:
        mine = ReturnLeg.objects.filter(status=Status.OPEN, organization__in=self._carriers)
        if mine.count() > self._legs * _ABOVE:
            leg = mine.exclude(_LEG_IN_TALKS).order_by("?").first()
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
