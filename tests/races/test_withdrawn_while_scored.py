"""A posting leaves the market, or changes, after a run has scored it and before the run stores what it found."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from carriers.models import ReturnLeg
from carriers.services.legs import withdraw_leg
from foundation.accounts.models import Organization
from loads.models import Load
from loads.services import edit_load, withdraw_load
from matching.models import Match
from matching.services import match_legs, match_loads, storing
from tests.builders import leg_terms, load_terms, make_actor, make_leg, make_load, make_organization, make_truck, now

pytestmark = pytest.mark.django_db
Pair = tuple[Load, ReturnLeg]


@pytest.fixture
def pair() -> Pair:
    carrier: Organization = make_organization(hauls=True)
    ready = now() + timedelta(hours=1)
    leg = make_leg(carrier, terms=leg_terms(make_truck(carrier), ready_at=ready, hours=150))
    return make_load(), leg


def _withdraw_load(load: Load, _leg: ReturnLeg) -> None:
    withdraw_load(actor=make_actor(load.organization), load_id=load.public_id)


def _edit_load(load: Load, _leg: ReturnLeg) -> None:
    actor = make_actor(load.organization)
    edit_load(actor=actor, load_id=load.public_id, version=load.version, terms=load_terms(rate_cents=2_100_00))


def _withdraw_leg(_load: Load, leg: ReturnLeg) -> None:
    withdraw_leg(actor=make_actor(leg.organization), leg_id=leg.public_id)


DEEDS = pytest.mark.parametrize("deed", [_withdraw_load, _edit_load, _withdraw_leg])
SIDES = pytest.mark.parametrize("from_leg", [True, False], ids=["leg's run", "load's run"])


def _run(monkeypatch: pytest.MonkeyPatch, pair: Pair, deed: Callable[..., None], *, from_leg: bool) -> None:
    """Run the matching of one side; somebody acts when it has scored and not yet stored."""
    places_of = storing.places_of

    def act_first(*arguments: object, **named: object) -> object:
        deed(*pair)
        return places_of(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(storing, "places_of", act_first)
    load, leg = pair
    if from_leg:
        match_legs(subjects=[leg.public_id], settle=lambda _subject: None)
    else:
        match_loads(subjects=[load.public_id], settle=lambda _subject: None)


@SIDES
@DEEDS
def test_what_changed_while_it_was_scored_is_not_stored(
    monkeypatch: pytest.MonkeyPatch, pair: Pair, deed: Callable[..., None], from_leg: bool
) -> None:
    _run(monkeypatch, pair, deed, from_leg=from_leg)
    assert not Match.objects.exists()


@SIDES
@DEEDS
def test_without_the_second_look_a_stale_match_is_stored(
    monkeypatch: pytest.MonkeyPatch, pair: Pair, deed: Callable[..., None], from_leg: bool
) -> None:
    monkeypatch.setattr(storing, "_still_as_read", lambda _run, pairs, *_versions: list(pairs))
    _run(monkeypatch, pair, deed, from_leg=from_leg)
    assert Match.objects.count() == 1
