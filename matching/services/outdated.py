"""What rests on an older policy or road network, and who scores it again: the sweep one by one, or a re-scoring."""

from django.db.models import Q, QuerySet

from foundation.accounts.models import Market
from foundation.trade.posting import Status
from matching.models import MatchRun, Rescoring, RescoringReason

BULK_FROM = 200
"""With more outdated legs and loads than this, a market is scored again as a whole; fewer are left to the sweep."""


def outdated_runs(market: str, policy_version: str, road_version: str) -> QuerySet[MatchRun]:
    """Return the runs of what is open in a market that rest on an older policy or road network."""
    legs = Q(leg__organization__market=market, leg__status=Status.OPEN)
    loads = Q(load__organization__market=market, load__status=Status.OPEN)
    return MatchRun.objects.exclude(policy_version=policy_version, road_version=road_version).filter(legs | loads)


def rescoring_is_due(market: str, policy_version: str, road_version: str) -> bool:
    """Say whether so much of a market is outdated that it is scored again as a whole."""
    some = outdated_runs(market, policy_version, road_version).order_by().values("pk")[: BULK_FROM + 1]
    return some.count() > BULK_FROM


def markets_of_the_sweep(policy_version: str, road_version: str) -> list[str]:
    """Return the markets whose outdated legs and loads no re-scoring takes care of."""
    under_way = Rescoring.objects.filter(finished_at__isnull=True).exclude(reason=RescoringReason.AUDIT)
    cared_for = set(under_way.values_list("market", flat=True))
    return [
        market
        for market in Market.values
        if market not in cared_for and not rescoring_is_due(market, policy_version, road_version)
    ]
