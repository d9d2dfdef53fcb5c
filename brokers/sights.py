"""How somebody reads a thread: on which of its sides, as itself or for another, and who stands on both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from brokers.acting import Side, agents_among, agents_of, on_both_sides, organizations_of, side_organization
from brokers.models import Thread
from foundation.accounts.models import Organization
from foundation.trade import clock


@dataclass(frozen=True, slots=True)
class Sight:
    """How somebody reads threads: who, on which sides of this one, when, and who stands on both sides of it."""

    viewer: Organization
    sides: frozenset[Side]
    now: datetime
    both: tuple[Organization, ...] = ()

    @property
    def side(self) -> Side | None:
        """The side that the viewer is or represents; of both the one that it is, or else the taker's."""
        if not self.sides:
            return None
        return next(iter(self.sides)) if len(self.sides) == 1 else Side.TAKER

    def owns(self, thread: Thread, side: Side) -> bool:
        """Say whether the viewer is this side itself."""
        return self.viewer.pk == (thread.seller_id if side is Side.SELLER else thread.taker_id)


def sight_of(thread: Thread, viewer: Organization, now: datetime | None = None) -> Sight:
    """Return how an organization reads a thread."""
    return sights_in([thread], viewer, now or clock.now())[0]


def sights_in(threads: Sequence[Thread], viewer: Organization, now: datetime) -> list[Sight]:
    """Return how an organization reads each of several threads; one statement for all."""
    among = agents_among((each for thread in threads for each in (thread.seller, thread.taker)), now)
    found = []
    for thread in threads:
        agents = agents_of(thread, now, among)
        both = tuple(on_both_sides(thread, agents))
        found.append(Sight(viewer, organizations_of(viewer, thread, now, agents), now, both))
    return found


def sights_of(thread: Thread, now: datetime) -> list[Sight]:
    """Return how each reads a thread who may: its two sides and the brokers that may act for one of them, each once."""
    agents = agents_of(thread, now)
    both = tuple(on_both_sides(thread, agents))
    stands: dict[int, tuple[Organization, set[Side]]] = {}
    for side in Side:
        for each in (side_organization(thread, side), *agents[side]):
            stands.setdefault(each.pk, (each, set()))[1].add(side)
    return [Sight(each, frozenset(sides), now, both) for each, sides in stands.values()]
