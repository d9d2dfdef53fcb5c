"""Writes of a carrier's own costs: private, dated, by the owner only."""

from django.db import transaction

from carriers.models import CostSetting, ReturnLeg
from carriers.rules import check_costs
from carriers.terms import CostTerms
from foundation.accounts.actor import Actor
from foundation.events.services import publish, record_audit
from foundation.trade.errors import NotFound
from foundation.trade.posting import Status
from foundation.trade.rules import Problems

_FIELDS = ("loaded_cents_per_mile", "empty_cents_per_mile", "hour_cents", "delay_hour_cents")


def set_costs(*, actor: Actor, terms: CostTerms) -> CostSetting:
    """Set what miles and hours cost the carrier from a day on; a second word for the same day replaces the first.

    Every open leg of the carrier hears of it, since its own gains rest on these figures. Raises `Forbidden`, `Invalid`.
    """
    actor.require("costs:write")
    problems = Problems()
    check_costs(terms, problems)
    problems.settle()
    values = {name: getattr(terms, name) for name in _FIELDS}
    with transaction.atomic():
        setting, _ = CostSetting.objects.update_or_create(
            organization=actor.organization, valid_from=terms.valid_from, defaults=values
        )
        _tell(actor, "costs.set", {"valid_from": terms.valid_from.isoformat(), **values})
    return setting


def remove_costs(*, actor: Actor, setting_id: int) -> None:
    """Take one dated setting away, so that the one before it (or the default) holds. Raises `Forbidden`, `NotFound`."""
    actor.require("costs:write")
    with transaction.atomic():
        setting = CostSetting.objects.filter(organization=actor.organization, pk=setting_id).first()
        if setting is None:
            raise NotFound("There is no such cost setting of yours.")
        changes = {"valid_from": setting.valid_from.isoformat(), **{name: getattr(setting, name) for name in _FIELDS}}
        setting.delete()
        _tell(actor, "costs.removed", changes)


def _tell(actor: Actor, action: str, changes: dict[str, object]) -> None:
    """Audit, and tell of each open leg that it is worth something else now; the figures stay out of the fact."""
    owner = actor.organization
    record_audit(organization_id=owner.public_id, actor=actor, action=action, subject=owner.public_id, changes=changes)
    legs = ReturnLeg.objects.filter(organization=owner, status=Status.OPEN).order_by("id")
    for public_id, version in legs.values_list("public_id", "version"):
        publish(
            name="leg.costs_changed", subject=public_id, audience={owner.public_id: {"id": public_id}}, version=version
        )
