"""Market rates: hearing what bookings paid, and fitting the model to it at night."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from foundation.accounts.models import Market, Organization
from foundation.events.queries import told
from foundation.events.reactions import Settle
from foundation.trade import clock
from foundation.trade.money import CURRENCY, cents_from_text
from loads.models import Load, LoadSize
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.rates import Observations, RateTable, Sample, differs, fit
from matching.models import RateModelVersion, RateObservation
from matching.policies import current_policy, forget_policy

WINDOW_DAYS = 90
MOST_OBSERVATIONS = 200_000
"""The newest so many of the window are fitted: a fit stays within its task's time."""
KEPT_DAYS = 30
"""A model that would change little is kept, but no longer than this, so that its sample is never older."""

_FIT_LOCK = 0x52415445
"""The advisory lock that keeps two fits from storing at once."""


def observe_rates(*, booking_ids: Sequence[str], settle: Settle) -> None:
    """Note what these bookings paid, or that they fell through; whatever came first, the row ends up the same.

    Raises `ValueError` for a fact that does not carry what `docs/events.md` says.
    """
    for booking_id in booking_ids:
        made = list(told("booking.made", booking_id).values_list("organization_id", "payload"))
        cancelled = told("booking.cancelled", booking_id).exists()
        observation = _observation(booking_id, made) if made else None
        with transaction.atomic():
            if observation is not None:
                RateObservation.objects.bulk_create([observation], ignore_conflicts=True)
            if cancelled:
                now = clock.now()
                RateObservation.objects.filter(booking_id=booking_id, cancelled_at=None).update(cancelled_at=now)
            settle(booking_id)


def _observation(booking_id: str, copies: Sequence[tuple[str, dict[str, Any]]]) -> RateObservation | None:
    """Return what the carrier's copy of the fact says the booking paid; None where it tells nothing of the market.

    A partial load pays for a part of a truck, and who hauls its own freight pays itself.
    """
    carrier_id, fact = next(((who, copy) for who, copy in copies if copy.get("role") == "carrier"), (None, None))
    if carrier_id is None or fact is None:
        raise ValueError(f"booking.made of {booking_id} has no copy for a carrier.")
    try:
        load_id, seller_id, booked_at = (str(fact[name]) for name in ("load", "seller", "booked_at"))
        rate_cents, currency = cents_from_text(fact["rate"]["amount"]), fact["rate"]["currency"]
        booked_on = datetime.fromisoformat(booked_at).astimezone(UTC).date()
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"booking.made of {booking_id} does not carry load, seller, rate and booked_at.") from error
    if currency != CURRENCY or rate_cents <= 0:
        raise ValueError(f"booking.made of {booking_id} has no rate in {CURRENCY}.")
    load = Load.objects.select_related("organization").prefetch_related("stops").get(public_id=load_id)
    organizations = Organization.objects.in_bulk([carrier_id, seller_id], field_name="public_id")
    carrier, seller, shipper = organizations[carrier_id], organizations[seller_id], load.organization
    if load.size != LoadSize.FULL or carrier.pk in (shipper.pk, seller.pk) or load.loaded_miles <= 0:
        return None
    return RateObservation(
        booking_id=booking_id,
        market=shipper.market,
        equipment=load.equipment,
        loaded_miles=load.loaded_miles,
        from_zip3=load.first_stop.zip[:3],
        from_state=load.first_stop.state,
        to_zip3=load.last_stop.zip[:3],
        to_state=load.last_stop.state,
        rate_cents=rate_cents,
        booked_on=booked_on,
        carrier=carrier,
        shipper=shipper,
        seller=seller,
    )


def fit_rates() -> RateModelVersion | None:
    """Fit the rates to the live market's bookings of the last 90 days; return the version that comes into force.

    None where the one in force is near enough: every new version has the whole market scored again. The sandbox takes
    no part, so that what is tried there moves nobody's figures.
    """
    now = clock.now()
    table = _fitted(now.date(), now) or DEFAULT_POLICY.rates
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FIT_LOCK])
        forget_policy()
        in_force = RateModelVersion.objects.order_by("-id").first()
        is_old = in_force is not None and in_force.fitted_at <= now - timedelta(days=KEPT_DAYS)
        if not differs(table, current_policy().rates) and not (table.is_observed and is_old):
            return None
        stored = RateModelVersion.objects.create(
            version=table.version,
            is_observed=table.is_observed,
            bookings=table.sample.bookings if table.sample else 0,
            terms=asdict(table),
            fitted_at=now,
        )
    forget_policy()
    return stored


def _fitted(today: date, now: datetime) -> RateTable | None:
    """Return the table observed in the window that ends today, or None where too little was booked."""
    first = today - timedelta(days=WINDOW_DAYS - 1)
    window = RateObservation.objects.filter(
        market=Market.LIVE, cancelled_at=None, booked_on__gte=first, booked_on__lte=today
    )
    columns = ("equipment", "loaded_miles", "rate_cents", "carrier_id", "shipper_id", "seller_id", "booked_on")
    rows = list(window.order_by("-id").values_list(*columns)[:MOST_OBSERVATIONS])
    if not rows:
        return None
    codes, miles, cents, carriers, shippers, sellers, days = zip(*reversed(rows), strict=True)
    observations = Observations(
        codes=list(codes),
        miles=np.array(miles, dtype=np.float64),
        cents=np.array(cents, dtype=np.int64),
        carrier=np.array(carriers, dtype=np.int64),
        shipper=np.array(shippers, dtype=np.int64),
        seller=np.array(sellers, dtype=np.int64),
    )
    sample = Sample(
        bookings=len(rows),
        window_days=WINDOW_DAYS,
        oldest=min(days).isoformat(),
        newest=max(days).isoformat(),
        fitted_on=today.isoformat(),
    )
    name = f"observed-{now:%Y%m%d}"
    number = RateModelVersion.objects.filter(version__startswith=name).count() + 1
    return fit(observations, DEFAULT_POLICY.rates, version=f"{name}.{number}", sample=sample)
