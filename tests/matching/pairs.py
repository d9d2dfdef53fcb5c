"""One load and one leg that fit each other."""

from datetime import timedelta
from typing import Any

from carriers.models import CostSetting, ReturnLeg
from foundation.accounts.models import Organization
from loads.models import Load
from matching.models import Match
from tests.builders import make_leg, make_load
from tests.matching.market import run

SECRETS = ("own_gain", "own_sum", "worth_from", "timeline", "clock_is_assumed", "own_parts", "own_bar")
"""Names that stand for what is the carrier's alone."""


def make_pair(shipper: Organization, carrier: Organization, **fields: Any) -> tuple[ReturnLeg, Load]:
    """Post Chicago to Dallas for $2,400 and a truck that goes there; fields with `leg_` go to the leg."""
    leg_fields = {name.removeprefix("leg_"): fields.pop(name) for name in list(fields) if name.startswith("leg_")}
    return make_leg(carrier, hours=120, **leg_fields), make_load(shipper, **fields)


def make_match(shipper: Organization, carrier: Organization, **fields: Any) -> Match:
    """Post a pair and match it."""
    leg, load = make_pair(shipper, carrier, **fields)
    run(leg)
    return Match.objects.get(leg=leg, load=load)


def set_costs(carrier: Organization, loaded: int = 150, empty: int = 140) -> CostSetting:
    """Give the carrier costs of its own, in cents a mile, since long ago."""
    return CostSetting.objects.create(
        organization=carrier,
        valid_from=(carrier.created_at - timedelta(days=400)).date(),
        loaded_cents_per_mile=loaded,
        empty_cents_per_mile=empty,
        hour_cents=2500,
        delay_hour_cents=0,
    )
