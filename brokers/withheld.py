"""Why a truck cannot take a load is its carrier's own; what everybody else reads of a refusal instead.

The engine's reasons speak of the driver's hours, of other tours and of the fleet. No other organization reads them, a
broker that acts for the carrier included: it hears one sentence and one code, whatever the reason was.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict, Invalid, TradeError

OF_THE_LOAD = frozenset({"load_gone", "load_reserved", "other_seller", "own_load", "one_live_booking_per_load"})
"""The codes of refusals that say what is true of the load, which whoever may book it may read."""

CANNOT_COME = (
    "This truck cannot take it: it is promised elsewhere in that time, or cannot be there, or home again, in time. "
    "Choose another truck, or ask its carrier what would do."
)
_NOT_READY = "truck_not_ready"


class Withheld(Conflict):
    """A refusal in the words of others than the carrier; `own` is what the carrier itself reads."""

    def __init__(self, sentence: str, own: TradeError) -> None:
        super().__init__(_NOT_READY, sentence)
        self.own: TradeError = own.own if isinstance(own, Withheld) else own


@contextmanager
def withheld(reader: Organization, carrier: Organization, sentence: str = CANNOT_COME) -> Iterator[None]:
    """Let nobody but the carrier read why its truck cannot do something: others read the sentence, raised as
    `Withheld`. What is true of the load, or of an id that names nothing, they read as it is.
    """
    try:
        yield
    except (Conflict, Invalid) as refusal:
        if reader.pk == carrier.pk or _is_everybodys(refusal):
            raise
        raise Withheld(sentence, refusal) from refusal


def carriers_words(refusal: TradeError) -> str:
    """Return a refusal's sentence as the carrier itself reads it, whoever it was raised for."""
    found: BaseException | None = refusal
    while found is not None:
        if isinstance(found, Withheld):
            return refusal.sentence.replace(found.sentence, found.own.sentence)
        found = found.__cause__
    return refusal.sentence


def _is_everybodys(refusal: Conflict | Invalid) -> bool:
    if isinstance(refusal, Invalid):
        return all(problem.code == "not_found" for problem in refusal.problems)
    return refusal.code in OF_THE_LOAD
