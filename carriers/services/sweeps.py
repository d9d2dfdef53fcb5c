"""What happens to return legs with time: they leave the market, and their owners are asked whether they still stand."""

from carriers.facts import tell
from carriers.models import ReturnLeg
from carriers.services.legs import NOUN
from foundation.accounts.confirmation import ask_owners
from foundation.events.services import SYSTEM
from foundation.trade import clock
from foundation.trade.life_cycle import expire_due


def expire_due_legs() -> int:
    """Take every leg off the market that cannot be home in time or is unconfirmed for 48 h; return how many."""
    return expire_due(ReturnLeg, now=clock.now(), noun=NOUN, fact=lambda row: tell("leg.expired", row, SYSTEM))


def ask_confirmation() -> int:
    """Ask owners to confirm what they have not confirmed for 12 h, once a period; return how many legs that are."""
    return ask_owners(
        ReturnLeg, fact="leg.confirmation_asked", one="return leg", many="return legs", page="/legs/?confirm=on"
    )
