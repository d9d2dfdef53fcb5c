"""For which carriers a broker may take a load, and with which of their trucks: those that it sees on the market."""

from collections.abc import Iterable
from datetime import datetime

from carriers.models import ReturnLeg
from carriers.queries import visible_legs
from foundation.accounts.audience import Sight, standing
from foundation.accounts.models import Decision, Organization, RelationshipKind
from foundation.accounts.queries import represented_by
from loads.models import Load
from matching.queries import desk_matches


def carriers_acted_for(viewer: Organization, load: Load, decision: Decision, now: datetime) -> list[Organization]:
    """Return the carriers for which the viewer may take this decision about a load, by name.

    They let it act, have not kept the decision for themselves, are verified to haul, see the load and neither own nor
    sell it. Nobody acts for a carrier on a load of its own that a broker sells.
    """
    if load.seller_id is not None and load.organization_id == viewer.pk:
        return []
    others = represented_by(viewer, now).exclude(pk__in=[load.organization_id, load.sold_by.pk])
    carriers = {each.pk: each for each in others if each.hauls and each.is_verified}
    if not carriers:
        return []
    grants = standing(now).filter(giver__in=carriers, taker=viewer, kind=RelationshipKind.REPRESENTS)
    keeps = {row.giver_id for row in grants if decision in row.keeps}
    sight = Sight(viewers=carriers.values(), owners=[load.organization], now=now)
    return [
        carrier
        for key, carrier in carriers.items()
        if key not in keeps and sight.sees(key, load.organization_id, load.audience, load.partners_first_until)
    ]


def legs_acted_for(
    viewer: Organization, load: Load, carriers: Iterable[Organization], now: datetime
) -> list[tuple[ReturnLeg, int | None]]:
    """Return the return legs of these carriers that the viewer sees on the market, with the market gain of each that
    matches the load; by carrier, the best match in front.
    """
    found = list(visible_legs(viewer, now).filter(organization__in=list(carriers)))
    if not found:
        return []
    matches = desk_matches(viewer, now).filter(load=load, leg__in=found).order_by()
    gains = dict(matches.values_list("leg_id", "market_gain_cents"))
    found.sort(key=lambda leg: (leg.organization.name, -gains.get(leg.pk, -1), leg.ready_at, leg.pk))
    return [(leg, gains.get(leg.pk)) for leg in found]
