"""What the last nightly audit of each market found, for those who run the installation."""

from dataclasses import dataclass

from foundation.accounts.models import Market
from foundation.trade import clock
from matching.models import Rescoring, RescoringReason


@dataclass(frozen=True, slots=True)
class Audited:
    """The last finished audits of all markets together: the oldest one's age, and the defects that they found.

    `wrong` matches stood with other figures than they should, `missing` ones did not stand; both were mended.
    """

    seconds_since: float | None
    wrong: int
    missing: int


def last_audits() -> Audited:
    """Return what the last finished audits found; `seconds_since` is None where there was none yet."""
    now, found = clock.now(), []
    for market in Market.values:
        done = Rescoring.objects.filter(market=market, reason=RescoringReason.AUDIT, finished_at__isnull=False)
        last = done.filter(superseded=False).order_by("-started_at").first()
        if last is not None:
            found.append(last)
    ages = [(now - row.started_at).total_seconds() for row in found]
    return Audited(
        seconds_since=max(ages, default=None),
        wrong=sum(row.figures.get("wrong", 0) for row in found),
        missing=sum(row.figures.get("missing", 0) for row in found),
    )
