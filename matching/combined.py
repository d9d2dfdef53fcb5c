"""Reads of combinations: for the leg's carrier, and for brokers that may see the leg and every load of the tour.

Shippers are no side of a tour that other shippers' loads are part of. A combination whose leg or loads have changed or
left the market is not shown: it is not what it was reckoned to be.
"""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet

from carriers.models import ReturnLeg
from carriers.queries import visible_legs
from foundation.accounts.models import Organization
from foundation.trade.errors import NotFound
from loads.queries import carrier_facing_loads
from matching.models import Combination, CombinationRun, CombinedLoad

# all that views of whole legs show
_LEG = ("leg__organization", "leg__truck", "leg__trailer", "leg__driver", "leg__trip", "leg__home_base")


def _standing(viewer: Organization, now: datetime) -> QuerySet[Combination]:
    """Combinations that stand as they were reckoned, of legs and loads that the viewer may see, in its own lists."""
    as_reckoned = {
        "load__in": carrier_facing_loads(viewer, now).order_by().values("pk"),
        "load_version": F("load__version"),
    }
    broken = CombinedLoad.objects.filter(combination=OuterRef("pk")).exclude(**as_reckoned)
    own = Q(leg__organization=viewer, is_for_carrier=True)
    # a broker that hauls sees its own trucks' tours as their carrier does
    in_a_list = own | (Q(is_for_market=True) & ~Q(leg__organization=viewer)) if viewer.brokers else own
    return (
        Combination.objects.filter(
            in_a_list,
            ~Exists(broken),
            leg__in=visible_legs(viewer, now).order_by().values("pk"),
            leg_version=F("leg__version"),
        )
        .select_related(*_LEG)
        .prefetch_related(
            Prefetch(
                "combined",
                CombinedLoad.objects.select_related("load__organization", "load__seller").order_by("position"),
            ),
            "combined__load__stops",
        )
    )


def combinations_of_leg(viewer: Organization, leg: ReturnLeg, now: datetime) -> QuerySet[Combination]:
    """The leg's combinations: for its carrier by its own gain, for brokers by market gain."""
    gain = "-own_gain_cents" if leg.organization_id == viewer.pk else "-market_gain_cents"
    return _standing(viewer, now).filter(leg=leg).order_by(gain, "public_id")


def combination_of(viewer: Organization, public_id: str, now: datetime) -> Combination:
    """Return one combination that the viewer may see; raises `NotFound`."""
    found = _standing(viewer, now).filter(public_id=public_id).first()
    if found is None:
        raise NotFound(
            "This combination is gone: a load or the truck has changed or left the market, or it was never yours."
        )
    return found


def combination_run_of(leg: ReturnLeg) -> CombinationRun | None:
    """Return what the last look for combinations of a leg took in; the caller has checked whose it is."""
    return CombinationRun.objects.filter(leg=leg).first()
