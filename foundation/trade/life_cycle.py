"""The life cycle that loads and return legs share, written once: open, edit, withdraw, confirm, expire, ask.

Each function takes `fact`, which publishes and audits in the same transaction; the rooms above hand it in.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.db import transaction
from django.db.models import F, Q, QuerySet

from foundation.trade.errors import Conflict, Stale
from foundation.trade.posting import CONFIRMATION_ASKED_AFTER, MOVES, OFF_THE_MARKET_AFTER, Posting, Status
from foundation.trade.status import change_status

Row = TypeVar("Row", bound=Posting)
Fact = Callable[[Row], None]

# A covered posting opens again only when its booking is cancelled, never by its owner's click.
_OWNERS_MOVES = {status: targets for status, targets in MOVES.items() if status != Status.COVERED}
EDITABLE = frozenset({Status.DRAFT, Status.OPEN, Status.WITHDRAWN, Status.EXPIRED})


class Versioned(Protocol):
    """Anything that counts its versions, so that a change made on an old one is noticed."""

    version: Any


def check_version(row: Versioned, version: int | None, *, stored: int | None = None) -> None:
    """Raise `Stale` when a change was made on another version than the stored one; None asks for no check.

    `stored` is given where the one who changes it counts otherwise than the row.
    """
    newest = row.version if stored is None else stored
    if version is not None and newest != version:
        raise Stale(
            "stale",
            f"This was changed elsewhere meanwhile: you worked on version {version}, it is now version {newest}. "
            "Look at the newer one and make your change again.",
        )


def check_editable(row: Posting, noun: str) -> None:
    """Raise `Conflict` when the terms of a posting are fixed, because a booking rests on them."""
    if row.status not in EDITABLE:
        sentence = f"This {noun} is {row.status}: a booking rests on its terms, so they cannot change."
        raise Conflict("not_editable", sentence)


def open_posting(row: Row, *, now: datetime, fact: Fact[Row], noun: str, **changes: Any) -> None:
    """Put a draft, withdrawn or expired posting on the market, confirmed as of now.

    Raises `Conflict` when it is open or covered already.
    """
    change_status(
        row,
        to=Status.OPEN,
        moves=_OWNERS_MOVES,
        fact=fact,
        sentence=f"This {noun} is on the market already, or booked. Reload to see where it stands.",
        opened_at=now,
        confirmed_at=now,
        confirmation_asked_at=None,
        updated_at=now,
        **changes,
    )


def reopen_posting(row: Row, *, now: datetime, fact: Fact[Row], noun: str, **changes: Any) -> None:
    """Put a covered posting back on the market, confirmed as of now, because its booking is no more.

    Raises `Conflict` when it is not covered.
    """
    change_status(
        row,
        to=Status.OPEN,
        moves={Status.COVERED: frozenset({Status.OPEN})},
        fact=fact,
        sentence=f"This {noun} is not booked any more. Reload to see where it stands.",
        confirmed_at=now,
        confirmation_asked_at=None,
        updated_at=now,
        **changes,
    )


def withdraw_posting(row: Row, *, now: datetime, fact: Fact[Row], noun: str) -> None:
    """Take a draft or open posting off the market, or put an expired one aside for good.

    Raises `Conflict` when it is covered or off the market already.
    """
    change_status(
        row,
        to=Status.WITHDRAWN,
        moves=MOVES,
        fact=fact,
        sentence=f"This {noun} is booked or withdrawn already. Reload to see where it stands.",
        updated_at=now,
    )


def confirm_posting(row: Row, *, now: datetime, fact: Fact[Row], noun: str) -> None:
    """Note that the owner says that an open posting still stands; its version stays, since no term changed.

    Raises `Conflict` when the posting is not open.
    """
    manager = type(row)._default_manager
    with transaction.atomic():
        changed = manager.filter(pk=row.pk, status=Status.OPEN).update(confirmed_at=now, confirmation_asked_at=None)
        if not changed:
            raise Conflict("not_open", f"This {noun} is not on the market: nothing to confirm. Post it again first.")
        row.refresh_from_db()
        fact(row)


def raise_version(row: Row, *, now: datetime, confirmed: bool) -> None:
    """Prepare a locked row's next version before its changed terms are saved; editing an open posting confirms it."""
    row.version += 1
    mark_edited(row, now=now, confirmed=confirmed)


def mark_edited(row: Posting, *, now: datetime, confirmed: bool) -> None:
    """Prepare a locked row before changes that make no new version are saved; likewise."""
    row.updated_at = now
    if confirmed:
        row.confirmed_at = now
        row.confirmation_asked_at = None


def due(now: datetime) -> Q:
    """Return the condition of open postings that must leave the market: window over, or unconfirmed for 48 h."""
    return Q(status=Status.OPEN) & (Q(expires_at__lte=now) | Q(confirmed_at__lte=now - OFF_THE_MARKET_AFTER))


def on_the_market(now: datetime) -> Q:
    """Return the condition of postings that are still good: open and not due, also where the sweep has not come by."""
    return Q(status=Status.OPEN, expires_at__gt=now, confirmed_at__gt=now - OFF_THE_MARKET_AFTER)


def is_on_the_market(row: Posting, now: datetime) -> bool:
    """Say the same of a row in hand."""
    if row.status != Status.OPEN or row.expires_at is None or row.confirmed_at is None:
        return False
    return row.expires_at > now and row.confirmed_at > now - OFF_THE_MARKET_AFTER


def expire_due(model: type[Row], *, now: datetime, fact: Fact[Row], noun: str, batch: int = 200) -> int:
    """Take due postings off the market, a batch in each transaction, and return how many.

    Rows that somebody is changing right now are left to the next sweep.
    """
    expired = 0
    while True:
        with transaction.atomic():
            rows = list(
                model._default_manager.select_for_update(skip_locked=True, of=("self",))
                .filter(due(now))
                .order_by("id")[:batch]
            )
            for row in rows:
                change_status(
                    row,
                    to=Status.EXPIRED,
                    moves=MOVES,
                    fact=fact,
                    sentence=f"This {noun} left the market meanwhile.",
                    updated_at=now,
                )
        expired += len(rows)
        if len(rows) < batch:
            return expired


def to_be_asked(model: type[Row], *, now: datetime) -> QuerySet[Row]:
    """Return the open postings whose owner should be asked to confirm and has not been asked in this period."""
    quiet_since = now - CONFIRMATION_ASKED_AFTER
    return model._default_manager.filter(
        Q(confirmation_asked_at__isnull=True) | Q(confirmation_asked_at__lte=quiet_since),
        status=Status.OPEN,
        confirmed_at__lte=quiet_since,
        confirmed_at__gt=now - OFF_THE_MARKET_AFTER,
        expires_at__gt=now,
    )


def fresh_first() -> list[Any]:
    """Return the order of a market list: last confirmed first, so that stale postings go last."""
    return [F("confirmed_at").desc(nulls_last=True), "-id"]
