"""Where the carrier of a booking is paid, as the two sides that pay and are paid read it: by name and last digits."""

from dataclasses import dataclass

from brokers.models import Booking
from foundation.accounts.models import PaymentAccount, PaymentKind
from foundation.accounts.queries import payment_account_of


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
    account = payment_account_of(booking.carrier)
    if account is None:
        return None
    before = PaymentAccount.objects.filter(organization=booking.carrier, ended_at__gt=booking.booked_at)
    return PaysTo(account, account.set_at > booking.booked_at and before.exists())
