"""Who hears that matches changed, and what each hears: one fact a run, rendered for each organization apart."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from carriers.models import ReturnLeg
from foundation.accounts.audience import Broker, Sight
from foundation.accounts.models import Organization
from foundation.events.services import publish
from loads.models import Load
from matching.facing import is_side_of, owners_of, sees_load
from matching.postings import Owner, Side

MOST_IDS = 200


class News(StrEnum):
    """What became of a match, for somebody."""

    CHANGED = "changed"  # new, or with other figures
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ChangedPair:
    """One match that appeared, changed or went: its id, its two postings, and what is news to whom (None: nothing)."""

    public_id: str
    leg: ReturnLeg | Side
    load: Load | Side
    for_carrier: News | None
    for_others: News | None


@dataclass(slots=True)
class _Payload:
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def announce(
    *,
    subject: str,
    version: int,
    market: str,
    pairs: Iterable[ChangedPair],
    now: datetime,
    sight: Sight | None = None,
) -> None:
    """Publish `matches.changed` to the carrier, the shipper and the brokers of each pair, each told only of its own.

    Runs in the transaction that stored the matches. An organization that may see none of the pairs hears nothing. The
    sight of a moment ago serves if it is everybody's concerned, on everybody.
    """
    rows = list(pairs)
    viewers: dict[int, Organization | Owner | Broker] = {}
    for pair in rows:
        viewers |= {pair.leg.organization_id: pair.leg.organization} | owners_of([pair.load])
    if sight is None or not sight.holds(viewers):
        sight = Sight(viewers=viewers.values(), owners=viewers.values(), now=now, brokers_of=market)
    viewers = {broker.pk: broker for broker in sight.brokers} | viewers
    payloads: dict[int, _Payload] = {}
    for pair in rows:
        leg, load = pair.leg, pair.load
        for key, viewer in viewers.items():
            carrier = key == leg.organization_id
            if not (carrier or is_side_of(key, load) or viewer.brokers):
                continue
            news = pair.for_carrier if carrier else pair.for_others
            if news is None:
                continue
            sees_leg = sight.sees(key, leg.organization_id, leg.audience, leg.partners_first_until)
            if sees_leg and sees_load(sight, key, load):
                payload = payloads.setdefault(key, _Payload())
                (payload.gone if news is News.GONE else payload.changed).append(pair.public_id)
    if payloads:
        publish(
            name="matches.changed",
            subject=subject,
            version=version,
            audience={
                viewers[key].public_id: {
                    "subject": subject,
                    "changed": payload.changed[:MOST_IDS],
                    "gone": payload.gone[:MOST_IDS],
                    "changed_count": len(payload.changed),
                    "gone_count": len(payload.gone),
                }
                for key, payload in payloads.items()
            },
        )
