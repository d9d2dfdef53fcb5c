"""Where the carrier of a booking is paid, as the two sides that pay and are paid read it: by name and last digits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from brokers.acting import agents_among
from brokers.models import Booking, BookingStatus
from brokers.papers.words import account_words
from brokers.terms import terms_of
from foundation.accounts.models import PaymentAccount
from foundation.accounts.queries import payment_account_of
from foundation.rest.fields import instant

SHOWN_FOR = timedelta(days=180)
"""So long after the last delivery window a carrier's account is shown: a load is paid by then, or it is a dispute."""


@dataclass(frozen=True, slots=True)
class PaysTo:
    """The account that the carrier names now; `changed_since` says that it named another when the load was booked."""

    account: PaymentAccount
    changed_since: bool

    @property
    def words(self) -> str:
        """Return it in words: no number but its end."""
        return account_words(self.account.kind, self.account.name, self.account.last_four)


def pays_to(booking: Booking, now: datetime) -> PaysTo | None:
    """Return where a booking's carrier is paid.

    None where it has not said so or hauls its own freight, and where the booking is no reason to pay it any more.
    """
    if booking.carrier_id == booking.seller_id or not _is_to_be_paid(booking, now):
        return None
    accounts: list[PaymentAccount] = list(booking.carrier.payment_accounts.all())
    current = next((each for each in accounts if each.ended_at is None), None)
    if current is None:
        return None
    changed = any(each.ended_at is not None and each.ended_at > booking.booked_at for each in accounts)
    return PaysTo(current, changed)


def account_on_paper(booking: Booking, now: datetime) -> dict[str, str] | None:
    """Return where the carrier says that it is paid, for the paper of the carriage, which its two sides read.

    None where it has not said so; and where a broker may act for one of the two, since whoever acts reads and signs the
    paper too, and how an account ends is for the two sides alone.
    """
    account = payment_account_of(booking.carrier)
    if account is None or any(agents_among([booking.seller, booking.carrier], now).values()):
        return None
    return {"kind": account.kind, "name": account.name, "last_four": account.last_four}


def _is_to_be_paid(booking: Booking, now: datetime) -> bool:
    """Say whether the seller may still have to pay: for the haul, or what a cancellation left owed to the carrier."""
    if now >= max(time.closes_at for time in terms_of(booking).stop_times) + SHOWN_FOR:
        return False
    if booking.status == BookingStatus.BOOKED:
        return True
    return bool(booking.owed_by_id == booking.seller_id and booking.owed_tonu_cents + booking.owed_deadhead_cents)


def pays_to_payload(booking: Booking, now: datetime) -> dict[str, Any] | None:
    """Return the same as plain JSON."""
    found = pays_to(booking, now)
    if found is None:
        return None
    return {
        "kind": found.account.kind,
        "name": found.account.name,
        "last_four": found.account.last_four,
        "since": instant(found.account.set_at),
        "changed_since_booked": found.changed_since,
    }
