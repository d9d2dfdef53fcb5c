"""Every read of loads beyond a primary key; the first argument is the organization that asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from foundation.accounts.audience import blocked_either_way, posting_visible_to
from foundation.accounts.models import ApiKey, Organization, Person
from foundation.accounts.queries import others_in_audit, represented_by
from foundation.events.models import AuditEntry, Event
from foundation.places.nearby import nearby
from foundation.trade import clock
from foundation.trade.errors import NotFound
from foundation.trade.kept import Kept, with_rows
from foundation.trade.life_cycle import fresh_first, on_the_market
from foundation.trade.posting import Audience, Status
from loads.labels import ACTIONS, Change, describe
from loads.models import Load, Stop
from loads.visibility import Standing


def _with_parts(rows: QuerySet[Load]) -> QuerySet[Load]:
    return rows.select_related("organization", "seller").prefetch_related("stops")


def own_loads(organization: Organization) -> QuerySet[Load]:
    """Return the organization's own loads in every status, newest first."""
    return _with_parts(Load.objects.filter(organization=organization)).order_by("-id")


def loads_to_sell(organization: Organization) -> QuerySet[Load]:
    """Return the loads of others that the organization sells, in every status, newest first."""
    return _with_parts(Load.objects.filter(seller=organization)).order_by("-id")


def load_to_sell(organization: Organization, public_id: str) -> Load:
    """Return one of the loads that the organization sells; raises `NotFound` otherwise."""
    load = loads_to_sell(organization).filter(public_id=public_id).first()
    if load is None:
        raise NotFound("There is no such load here.")
    return load


def _held(**which: Any) -> QuerySet[Load]:
    return Load.objects.select_for_update(of=("self",)).select_related("organization", "seller").filter(**which)


_HELD_BY_KEY: Kept[Load] = Kept(lambda pk: _held(pk=pk))
_HELD_BY_ID: Kept[Load] = Kept(lambda public_id: _held(public_id=public_id))
_STOPS: Kept[Stop] = Kept(lambda load: Stop.objects.filter(load=load))


def locked_load(*, pk: int | None = None, public_id: str = "", seen: Load | None = None) -> Load:
    """Return a load with owner, seller and stops, its row held until the transaction ends: for a service that has
    checked who asks. Raises `NotFound`.

    `seen` is the load as it was read before: while nobody has changed it, its stops stand.
    """
    load = _HELD_BY_KEY.first(pk=pk) if pk is not None else _HELD_BY_ID.first(public_id=public_id)
    if load is None:
        raise NotFound("There is no such load here.")
    same = seen is not None and (seen.pk, seen.version, seen.private_edits) == (
        load.pk,
        load.version,
        load.private_edits,
    )
    return with_stops(load, list(seen.stops.all()) if seen is not None and same else None)


def with_stops(load: Load, stops: Sequence[Stop] | None = None) -> Load:
    """Let a load in hand know its stops: these, or as they are read now; return the load."""
    with_rows(load, "stops", _STOPS.all(load=load.pk) if stops is None else stops)
    return load


def visible_loads(organization: Organization, now: datetime | None = None) -> QuerySet[Load]:
    """Return the open loads that the organization may see, its own among them, freshly confirmed first."""
    moment = now or clock.now()
    rows = Load.objects.filter(on_the_market(moment), _in_sight(organization, moment))
    return _with_parts(rows).order_by(*fresh_first())


def carrier_facing_loads(organization: Organization, now: datetime | None = None) -> QuerySet[Load]:
    """Return the visible loads whose terms towards carriers the organization may read, in the same order.

    Its own that a broker sells are not among them: their rate is the broker's, and whatever is reckoned with it, down
    to which trucks gain by it, would tell the owner of it.
    """
    return visible_loads(organization, now).exclude(organization=organization, seller__isnull=False)


def _in_sight(organization: Organization, now: datetime) -> Q:
    """Return the condition under which an open load is in an organization's sight.

    Where a broker sells it, that broker is who faces the market: it sees the load, it must be verified itself, and a
    block between it and the viewer hides the load as one of the owner's does.
    """
    sold = Q(seller__isnull=False)
    shut = Q(seller__verified_at__isnull=True) | blocked_either_way("seller", organization, now)
    own = Q(organization=organization) | Q(seller=organization)
    return own | (posting_visible_to(organization, now) & ~(sold & shut))


def market_loads(organization: Organization, now: datetime | None = None) -> QuerySet[Load]:
    """Return the open loads of others that the organization may see; nothing before it is verified.

    Those that it sells itself stand in `loads_to_sell`.
    """
    others = visible_loads(organization, now).exclude(organization=organization)
    return others.exclude(seller=organization) if organization.brokers else others


def came_since(rows: QuerySet[Load], since: datetime) -> QuerySet[Load]:
    """Keep what came on the market, or came back to it, after an instant; what was only confirmed again is not new."""
    opened = Event.objects.filter(subject=OuterRef("public_id"), name="load.opened", created_at__gt=since)
    return rows.filter(Exists(opened), confirmed_at__gt=since)


def load_of(organization: Organization, public_id: str, now: datetime | None = None) -> Load:
    """Return a load of the organization's own or that it sells, or an open one that it may see; raises `NotFound`
    otherwise.
    """
    moment = now or clock.now()
    kept = Q(organization=organization) | Q(seller=organization)
    seen = kept | (on_the_market(moment) & _in_sight(organization, moment))
    load = _with_parts(Load.objects.filter(seen, public_id=public_id)).first()
    if load is None:
        raise NotFound("There is no such load here.")
    return load


def once_seen(organization: Organization, now: datetime | None = None) -> QuerySet[Load]:
    """Return the loads that have been on the market and are, or were until they left it, in the organization's sight.

    Of one that has left it nothing but that is to be shown.
    """
    rows = Load.objects.filter(_in_sight(organization, now or clock.now()), opened_at__isnull=False)
    return _with_parts(rows.exclude(status=Status.DRAFT))


def watchable(organization: Organization, public_ids: Iterable[str], now: datetime | None = None) -> list[str]:
    """Return which of these loads of others the organization may be told of when they change, by public id.

    Its own are not among them: it hears of those itself, and of one that a broker sells it hears nothing of what that
    broker says to carriers.
    """
    rows = once_seen(organization, now).exclude(organization=organization)
    return list(rows.filter(public_id__in=list(public_ids)).order_by().values_list("public_id", flat=True))


def own_load(organization: Organization, public_id: str) -> Load:
    """Return one of the organization's own loads; raises `NotFound` otherwise."""
    load = own_loads(organization).filter(public_id=public_id).first()
    if load is None:
        raise NotFound("There is no such load here.")
    return load


def kept_load(organization: Organization, public_id: str) -> Load:
    """Return a load that the organization owns or sells, and so may confirm; raises `NotFound` otherwise."""
    kept = Q(organization=organization) | Q(seller=organization)
    load = _with_parts(Load.objects.filter(kept, public_id=public_id)).first()
    if load is None:
        raise NotFound("There is no such load here.")
    return load


def load_by_external_id(organization: Organization, external_id: str) -> Load | None:
    """Return the organization's load with its own system's number, if there is one."""
    return own_loads(organization).filter(external_id=external_id).first() if external_id else None


def load_by_form(organization: Organization, form_token: str) -> Load | None:
    """Return the load that a form has made already, if it was sent before."""
    return own_loads(organization).filter(form_token=form_token).first() if form_token else None


def standing_of(organization: Organization, now: datetime | None = None) -> Standing:
    """Return how the organization stands to loads: which are its own, which of those it represents."""
    return Standing(organization, represented_by(organization, now).values_list("pk", flat=True))


def open_loads() -> QuerySet[Load]:
    """Return all open loads, whoever asks: for matching, which judges visibility itself; never for a page."""
    return Load.objects.filter(status=Status.OPEN)


def loads_by_ids(public_ids: Iterable[str]) -> QuerySet[Load]:
    """Return loads by public id with stops and owner, whoever asks: for matching and tasks; never for a page."""
    return _with_parts(Load.objects.filter(public_id__in=list(public_ids)))


def lane_counts(organization: Organization, limit: int = 20) -> list[dict[str, Any]]:
    """Return the busiest lanes between states with their count of open loads: all that the unverified see.

    Postings for partners only are left out, and lanes with fewer than three loads, so that no count points at one
    load.
    """
    rows = (
        Load.objects.filter(
            on_the_market(clock.now()),
            audience=Audience.MARKET,
            organization__market=organization.market,
            organization__verified_at__isnull=False,
        )
        .exclude(seller__isnull=False, seller__verified_at__isnull=True)
        .values("pickup_state", "delivery_state")
        .annotate(loads=Count("pk"))
        .filter(loads__gte=3)
        .order_by("-loads", "pickup_state", "delivery_state")[:limit]
    )
    return [
        {"from_state": row["pickup_state"], "to_state": row["delivery_state"], "loads": row["loads"]} for row in rows
    ]


def near(rows: QuerySet[Load], *, end: str, lat: float, lon: float, radius_miles: float) -> QuerySet[Load]:
    """Keep the loads whose pickup or delivery (`end`) lies within so many miles of a point.

    Measured to the centre of the stop's city, which everybody sees: a search by its ZIP code would give that away.
    """
    return nearby(
        rows,
        lat_column=f"{end}_area_lat",
        lon_column=f"{end}_area_lon",
        lat=lat,
        lon=lon,
        radius_miles=radius_miles,
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a load's history: when, who, what, and the changed fields in words."""

    at: datetime
    who: str
    what: str
    changes: list[Change]


def history_of(organization: Organization, load: Load, limit: int = 50) -> list[Step]:
    """Return what has happened to one of the organization's own loads, newest first."""
    entries = AuditEntry.objects.filter(organization_id=organization.public_id, subject=load.public_id)
    rows = list(entries.order_by("-id")[:limit])
    actors = {row.actor for row in rows}
    ours = Q(memberships__organization=organization) | Q(memberships__isnull=True)  # or of those who have left
    people = Person.objects.filter(ours, public_id__in=actors)
    names = {row.public_id: str(row) for row in people}
    # who booked a load or cancelled, sold it, or acted for its owner is known to it by then, by name and no person
    names |= others_in_audit(organization, actors)
    keys = ApiKey.objects.filter(organization=organization, public_id__in=actors)
    names |= {key.public_id: f"Key “{key.name}”" for key in keys}
    return [
        Step(
            at=row.created_at,
            who=names.get(row.actor, "Backhaul" if row.actor == "system" else "Another party"),
            what=ACTIONS.get(row.action, row.action),
            changes=describe(row.changes, organization.time_zone),
        )
        for row in rows
    ]
