"""The policy in force: the dated default, with the market rates that were last fitted to bookings.

Rates are fitted at night (`services.fit_rates`) and stored as versions; a score only takes the one in force.
"""

from dataclasses import replace
from functools import lru_cache
from time import monotonic

from matching.engine.policy import DEFAULT_POLICY, Policy
from matching.engine.rates import RateTable, table_from
from matching.models import RateModelVersion

KEPT_SECONDS = 5.0
"""How long a process goes on with the policy that it has read."""

_read: tuple[float, Policy] | None = None


def current_policy() -> Policy:
    """Return the policy that scores are made with now; a run takes it once, since the next call may answer another."""
    global _read
    held, now = _read, monotonic()
    if held is not None and now < held[0]:
        return held[1]
    row = RateModelVersion.objects.order_by("-id").values_list("id", "version", "is_observed").first()
    policy = policy_with(_observed(*row[:2])) if row is not None and row[2] else DEFAULT_POLICY
    _read = (now + KEPT_SECONDS, policy)
    return policy


def forget_policy() -> None:
    """Let the next call read the policy anew: this process has just stored other rates."""
    global _read
    _read = None


def policy_with(rates: RateTable) -> Policy:
    """Return the default policy with observed rates, its version made from both."""
    return replace(DEFAULT_POLICY, version=f"{DEFAULT_POLICY.version}+{rates.version}", rates=rates)


@lru_cache(maxsize=4)
def _observed(key: int, version: str) -> RateTable:
    """Return a stored table; a row is never changed, so it is read once."""
    return table_from(RateModelVersion.objects.values_list("terms", flat=True).get(pk=key, version=version))
