"""Standing permissions between organizations: given and ended by the giver, asked for by the taker."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from foundation.accounts.actor import Actor
from foundation.accounts.models import Decision, Organization, Relationship, RelationshipKind, RelationshipRequest
from foundation.accounts.queries import blocks_either_way, counterpart
from foundation.accounts.services.organizations import locked
from foundation.events.services import end_streams, publish, record_audit
from foundation.trade import clock
from foundation.trade.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound

ASKED_FOR = frozenset({RelationshipKind.REPRESENTS, RelationshipKind.PARTNER})


def set_relationship(
    *,
    actor: Actor,
    taker_public_id: str,
    kind: str,
    valid_until: datetime | None = None,
    keeps: Iterable[str] | None = None,
) -> Relationship:
    """Give a relationship of a kind to another organization (its id or USDOT number), or change how long it is valid.

    `keeps` names the decisions that the giver keeps for itself when a broker may act for it; None leaves them as they
    are. Blocking ends whatever else the giver had given. Raises `Forbidden`, `Invalid`.
    """
    actor.require("organization:write")
    if kind not in RelationshipKind.values:
        raise Invalid([FieldProblem("kind", "unknown", f"Choose one of {', '.join(RelationshipKind.values)}.")])
    try:
        taker = counterpart(actor.organization, taker_public_id)
    except NotFound as error:
        raise Invalid([FieldProblem("taker", "unknown", error.sentence)]) from error
    with transaction.atomic():
        return _give(locked(actor.organization), taker, kind, valid_until, keeps, actor=actor)


def keep_decisions(*, actor: Actor, relationship_id: str, keeps: Iterable[str]) -> Relationship:
    """Say anew which decisions the giver keeps for itself while a broker may act for it; it holds at once.

    Raises `Forbidden`, `NotFound` unless it is the giver's own that stands, `Invalid`.
    """
    actor.require("organization:write")
    with transaction.atomic():
        giver = locked(actor.organization)
        rows = Relationship.objects.select_for_update(of=("self",)).select_related("giver", "taker")
        standing = rows.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=clock.now()),
            giver=giver,
            kind=RelationshipKind.REPRESENTS,
            public_id=relationship_id,
        ).first()
        if standing is None:
            raise NotFound
        return _give(giver, standing.taker, standing.kind, standing.valid_until, keeps, actor=actor)


def _kept(kind: str, keeps: Iterable[str]) -> list[str]:
    """Return the decisions in the order of their list, each once. Raises `Invalid`."""
    wanted = set(keeps)
    if wanted - set(Decision.values):
        raise Invalid([FieldProblem("keeps", "unknown", f"Choose among {', '.join(Decision.values)}.")])
    if wanted and kind != RelationshipKind.REPRESENTS:
        sentence = "Only where a broker may act for you is there a decision to keep for yourself. Untick these."
        raise Invalid([FieldProblem("keeps", "nothing_to_keep", sentence)])
    return [name for name in Decision.values if name in wanted]


def _give(
    giver: Organization,
    taker: Organization,
    kind: str,
    valid_until: datetime | None,
    keeps: Iterable[str] | None,
    *,
    actor: Actor,
) -> Relationship:
    now = clock.now()
    kept = None if keeps is None else _kept(kind, keeps)
    if valid_until is not None and valid_until <= now:
        raise Invalid([FieldProblem("valid_until", "in_the_past", "Choose a day after today, or leave it empty.")])
    if kind == RelationshipKind.REPRESENTS and not taker.brokers:
        raise Invalid(
            [FieldProblem("kind", "not_a_broker", f"{taker} is not set up as a broker, so it cannot act for you.")]
        )
    given = _in_force(giver, taker, now=now)
    if kind == RelationshipKind.BLOCKED:
        for other in given.exclude(kind=RelationshipKind.BLOCKED):
            _end(other, actor=actor, now=now)
        _open_requests(giver, taker).update(decided_at=now, granted=False)
    elif given.filter(kind=RelationshipKind.BLOCKED).exists():
        raise Conflict("blocked", f"You block {taker}. End that first.")
    standing = given.filter(kind=kind).first()
    if standing is not None:
        before, kept_before = standing.valid_until, standing.keeps
        kept = kept_before if kept is None else kept
        if (before, kept_before) == (valid_until, kept):
            return standing
        standing.valid_until, standing.keeps = valid_until, kept
        standing.save(update_fields=["valid_until", "keeps"])
    else:
        before, kept_before, kept = None, [], kept or []
        standing = Relationship.objects.create(
            giver=giver, taker=taker, kind=kind, valid_from=now, valid_until=valid_until, keeps=kept
        )
    _open_requests(giver, taker).filter(kind=kind).update(decided_at=now, granted=True)
    changes: dict[str, object] = {"valid_until": [_text(before), _text(valid_until)]}
    if kept != kept_before:
        changes["keeps"] = [kept_before, kept]
    _record(standing, "relationship.given", changes, actor=actor)
    return standing


def end_relationship(*, actor: Actor, relationship_id: str) -> None:
    """End a relationship: the giver takes it back, or the taker gives it up. Raises `NotFound`, `Forbidden`."""
    actor.require("organization:write")
    with transaction.atomic():
        organization = locked(actor.organization)
        now = clock.now()
        mine = Q(giver=organization) | (Q(taker=organization) & ~Q(kind=RelationshipKind.BLOCKED))
        relationship = (
            Relationship.objects.select_for_update(of=("self",))
            .filter(mine, public_id=relationship_id)
            .select_related("giver", "taker")
            .first()
        )
        if relationship is None:
            raise NotFound
        if relationship.valid_until is None or relationship.valid_until > now:
            _end(relationship, actor=actor, now=now)


def ask_for_relationship(*, actor: Actor, giver_public_id: str, kind: str, message: str = "") -> RelationshipRequest:
    """Ask another organization to let this one act for it, or to be its partner; the other decides.

    Asking again while a request is open changes nothing. Raises `Forbidden`, `Invalid`, and `Conflict` when the
    relationship stands already.
    """
    actor.require("organization:write")
    taker = actor.organization
    if actor.person is None:
        raise Forbidden("key_asks", "A key cannot ask for a relationship. Sign in to ask.")
    actor.require_confirmed_email()
    if kind not in ASKED_FOR:
        raise Invalid([FieldProblem("kind", "unknown", "You can ask to act for somebody, or to be a partner.")])
    if not taker.is_verified:
        raise Conflict("unverified", f"{taker} is not verified yet. You can ask others once we have verified you.")
    if kind == RelationshipKind.REPRESENTS and not taker.brokers:
        raise Invalid([FieldProblem("kind", "not_a_broker", f"{taker} is not set up to broker freight.")])
    if len(message) > 500:
        raise Invalid([FieldProblem("message", "too_long", "Use at most 500 characters.")])
    try:
        giver = counterpart(taker, giver_public_id)
    except NotFound as error:
        raise Invalid([FieldProblem("giver", "unknown", error.sentence)]) from error
    with transaction.atomic():
        now = clock.now()
        locked(taker)
        if _in_force(giver, taker, now=now).filter(kind=kind).exists():
            raise Conflict("stands_already", "This relationship stands already.")
        request = _open_requests(giver, taker).filter(kind=kind).first()
        if request is not None:
            return request
        blocked = blocks_either_way(giver, taker, now)
        request = RelationshipRequest.objects.create(
            giver=giver, taker=taker, kind=kind, message=message.strip(), asked_by=actor.person, asked_at=now
        )
        if blocked:  # the asker cannot tell; the giver is not bothered
            request.decided_at, request.granted = now, False
            request.save(update_fields=["decided_at", "granted"])
        record_audit(
            organization_id=taker.public_id,
            actor=actor,
            action="relationship.asked",
            subject=request.public_id,
            changes={"kind": [None, kind]},
        )
        if not blocked:
            publish(
                name="relationship.asked",
                subject=request.public_id,
                audience={giver.public_id: {"id": request.public_id, "kind": kind, "from": taker.name}},
            )
    return request


def answer_request(
    *,
    actor: Actor,
    request_id: str,
    grant: bool,
    valid_until: datetime | None = None,
    keeps: Iterable[str] = (),
) -> RelationshipRequest:
    """Grant or decline a request, as its giver; `keeps` names the decisions that it keeps for itself.

    Raises `NotFound`, `Forbidden`, `Invalid`, and `Conflict` when it was decided.
    """
    actor.require("organization:write")
    with transaction.atomic():
        giver = locked(actor.organization)
        request = _request(request_id, giver=giver)
        if grant:
            _give(giver, request.taker, request.kind, valid_until, keeps, actor=actor)
        request.decided_at, request.granted = clock.now(), grant
        request.save(update_fields=["decided_at", "granted"])
        record_audit(
            organization_id=giver.public_id,
            actor=actor,
            action="relationship.granted" if grant else "relationship.declined",
            subject=request.public_id,
            changes={"kind": [None, request.kind]},
        )
    return request


def withdraw_request(*, actor: Actor, request_id: str) -> None:
    """Take a request back, as its asker. Raises `NotFound`, `Forbidden`, `Conflict`."""
    actor.require("organization:write")
    with transaction.atomic():
        request = _request(request_id, taker=locked(actor.organization))
        request.decided_at, request.granted = clock.now(), False
        request.save(update_fields=["decided_at", "granted"])
        record_audit(
            organization_id=actor.organization.public_id,
            actor=actor,
            action="relationship.unasked",
            subject=request.public_id,
            changes={"kind": [request.kind, None]},
        )


def _request(request_id: str, **side: Organization) -> RelationshipRequest:
    request = (
        RelationshipRequest.objects.select_for_update(of=("self",))
        .filter(public_id=request_id, **side)
        .select_related("giver", "taker")
        .first()
    )
    if request is None:
        raise NotFound
    if request.decided_at is not None:
        raise Conflict("decided", "This request has been decided or taken back already.")
    return request


def _in_force(giver: Organization, taker: Organization, *, now: datetime) -> QuerySet[Relationship]:
    return Relationship.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=now), giver=giver, taker=taker
    ).select_related("giver", "taker")


def _open_requests(giver: Organization, taker: Organization) -> QuerySet[RelationshipRequest]:
    return RelationshipRequest.objects.filter(giver=giver, taker=taker, decided_at__isnull=True)


def _end(relationship: Relationship, *, actor: Actor, now: datetime) -> None:
    before = relationship.valid_until
    relationship.valid_until = max(now, relationship.valid_from)
    relationship.save(update_fields=["valid_until"])
    _record(relationship, "relationship.ended", {"valid_until": [_text(before), _text(now)]}, actor=actor)


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _record(relationship: Relationship, action: str, changes: dict[str, object], *, actor: Actor) -> None:
    """Write down and tell both sides; that somebody is blocked stays with the blocker."""
    giver, taker = relationship.giver, relationship.taker
    payload: dict[str, object] = {
        "id": relationship.public_id,
        "kind": relationship.kind,
        "giver": giver.public_id,
        "taker": taker.public_id,
        "valid_until": _text(relationship.valid_until),
        "keeps": list(relationship.keeps),
    }
    sides = [giver] if relationship.kind == RelationshipKind.BLOCKED else [giver, taker]
    for side in sides:
        record_audit(
            organization_id=side.public_id,
            actor=actor if side == actor.organization else actor.organization.public_id,
            action=action,
            subject=relationship.public_id,
            changes={"kind": relationship.kind, "giver": giver.public_id, "taker": taker.public_id, **changes},
        )
    publish(
        name="relationship.changed",
        subject=relationship.public_id,
        audience={each.public_id: payload for each in sides},
    )
    for side in (giver, taker):
        end_streams(organization_id=side.public_id)
