"""A plan asked for and worked out, over the builders' roads."""

import pytest

from foundation.accounts.models import Organization
from matching.models import NetworkPlan, PlanStatus
from matching.services import ask_plan, make_plans, plan_making
from tests.builders import make_actor
from tests.matching.conftest import ROADS


@pytest.fixture(autouse=True)
def plain_roads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan over the builders' roads."""
    monkeypatch.setattr(plan_making, "travel_oracle", lambda: ROADS)


def ask(broker: Organization, longest: int = 1) -> NetworkPlan:
    """Ask for a plan as an owner of the broker."""
    plan, _ = ask_plan(actor=make_actor(broker), longest=longest)
    return plan


def made(broker: Organization, longest: int = 1) -> NetworkPlan:
    """Ask for a plan and work it out."""
    plan = ask(broker, longest)
    assert make_plans() == 1
    plan.refresh_from_db()
    assert plan.status == PlanStatus.DONE, plan.failure
    return plan
