"""Where the carrier of a booking is paid, as the two sides that pay and are paid read it: by name and last digits."""

from dataclasses import dataclass
from typing import Any

from brokers.models import Booking
from foundation.accounts.models import PaymentAccount, PaymentKind
from foundation.rest.fields import instant


@dataclass(frozen=True, slots=True)
class PaysTo:
    """The account that the carrier names now; `changed_since` says that it named another when the load was booked."""

    account: PaymentAccount
    changed_since: bool

    @property
    def words(self) -> str:
        """Return it in words: no number but its end."""
        if self.account.kind == PaymentKind.FACTOR:
            return f"{self.account.name}, a factoring company, by notice of assignment"
        return f"account of {self.account.name} ending in {self.account.last_four}"


def pays_to(booking: Booking) -> PaysTo | None:
    """Return where a booking's carrier is paid, None where it has not said so or hauls its own freight."""
    if booking.carrier_id == booking.seller_id:
        return None
    accounts: list[PaymentAccount] = list(booking.carrier.payment_accounts.all())
    current = next((each for each in accounts if each.ended_at is None), None)
    if current is None:
        return None
    changed = any(each.ended_at is not None and each.ended_at > booking.booked_at for each in accounts)
    return PaysTo(current, changed)


def pays_to_payload(booking: Booking) -> dict[str, Any] | None:
    """Return the same as plain JSON."""
    found = pays_to(booking)
    if found is None:
        return None
    return {
        "kind": found.account.kind,
        "name": found.account.name,
        "last_four": found.account.last_four,
        "since": instant(found.account.set_at),
        "changed_since_booked": found.changed_since,
    }
