"""The facts that the rules look at, gathered once for a claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from foundation.accounts.models import FederalRecord, Organization
from loads.models import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A carrier that wants loads, and what is known of it at `now`.

    `asks_registry`: the installation asks the registry (or plays recorded answers) for this market. `cleared` holds
    (rule, about) pairs that the operator looked at. `reposted` is a load of the carrier's own on the market that looks
    like one it has just taken to haul; `load_is_reposted` says the same of a wanted load and its seller.
    `unlicensed_seller` says that a broker that sells one of the loads may not broker. `account_changed_at` is when it
    last changed where it is paid, if within seven days. `made_lately` are the instants of the last hour's claims and
    `held_lately` those of the last day's holds, oldest first.
    """

    carrier: Organization
    loads: Sequence[Load]
    now: datetime
    asks_registry: bool
    record: FederalRecord | None
    cleared: frozenset[tuple[str, str]] = frozenset()
    shares_phone: bool = False
    shares_domain: bool = False
    shares_account: bool = False
    account_changed_at: datetime | None = None
    own_domain: str = ""
    looks_like: str = ""
    reposted: str = ""
    load_is_reposted: bool = False
    unlicensed_seller: bool = False
    made_lately: Sequence[datetime] = ()
    held_lately: Sequence[datetime] = ()

    @property
    def is_own_freight(self) -> bool:
        """Whether the carrier hauls nothing but its own freight: a private fleet at its own work."""
        return bool(self.loads) and all(load.organization_id == self.carrier.pk for load in self.loads)

    @property
    def facts(self) -> FederalRecord | None:
        """The registry's record where it is there and young enough to decide by."""
        record = self.record
        if record is None or record.outcome != "found" or not record.is_fresh(self.now):
            return None
        return record
