"""Network plans: asked for, worked out by a worker, cancelled, pruned.

One plan is worked out at a time, so that new postings are matched meanwhile. Whoever works holds an advisory lock on a
connection of its own: when it is killed the lock is gone with it, and the next one knows that what stands as running is
nobody's any more. The row says what is to be done; messages only poke.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.models import F

from foundation.accounts.actor import Actor
from foundation.accounts.models import Capability
from foundation.events.reactions import Settle
from foundation.events.services import notify, publish, record_audit
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict, FieldProblem, Invalid
from foundation.trade.status import change_status
from matching.models import NetworkPlan, PlanStatus
from matching.models.plans import PLAN_MOVES, UNFINISHED
from matching.plans import plan_of, unfinished_plan_of
from matching.services.plan_making import Report, Worked, store_lines, work_out

logger = logging.getLogger(__name__)

LONGEST_CHAIN = 3
KEPT_PLANS = 20
KEPT_FOR = timedelta(days=30)
MOST_RUNS = 3
LOCK = 0x706C616E6E696E67  # "planning": held by the one worker that works a plan out
REPORT_SECONDS = 0.4

_TAKEN_UP_AGAIN = "Waiting again: the worker was stopped"
_INTERRUPTED = (
    f"Its worker was stopped {MOST_RUNS} times before it was done, so it was given up. Ask for a new plan; "
    "if that one stops too, ask for shorter chains."
)
_TOO_LONG = "It took longer than a plan may take on this machine. Ask for shorter chains."
_BROKEN = "Something went wrong on our side while it was worked out. It is in our log; ask for a new plan."
_OVER = "This plan is finished already. Reload the page to see it."


class _Gone(Exception):
    """The plan was cancelled, or another worker has it."""


def ask_plan(*, actor: Actor, longest: int = 1) -> tuple[NetworkPlan, bool]:
    """Ask for a plan over everything the organization may see; return it, and whether it is a new one.

    One that is not finished yet is returned as it is, so a double click asks once. Raises `Forbidden`, `Invalid` for a
    chain of no or of too many loads, `Conflict` when one with other chains is being worked out.
    """
    actor.require("matches:write")
    actor.require_posting(Capability.BROKERS)
    if not 1 <= longest <= LONGEST_CHAIN:
        raise Invalid([FieldProblem("longest", "out_of_range", f"A truck takes 1 to {LONGEST_CHAIN} loads in a row.")])
    organization = actor.organization
    taken = Conflict("plan_running", "A plan is being worked out already. Wait for it, or cancel it first.")
    for _ in range(2):
        found = unfinished_plan_of(organization)
        if found is not None:
            if found.longest != longest:
                raise taken
            return found, False
        try:
            with refusing({"one_running_plan_per_organization": taken}):
                return _create(actor, longest), True
        except Conflict:
            continue  # somebody asked at the same moment: look at that one
    raise taken


def _create(actor: Actor, longest: int) -> NetworkPlan:
    with transaction.atomic():
        plan = NetworkPlan.objects.create(
            organization=actor.organization, asked_by=actor.person, asked_at=clock.now(), longest=longest
        )
        _tell("plan.asked", plan)
        _audit(actor, "plan.asked", plan, {"longest": longest})
    return plan


def cancel_plan(*, actor: Actor, plan_id: str) -> NetworkPlan:
    """Stop a plan that is not finished. Raises `Forbidden`, `NotFound`, `Conflict` when it is finished already."""
    actor.require("matches:write")
    plan = plan_of(actor.organization, plan_id)
    now = clock.now()

    def fact(row: NetworkPlan) -> None:
        _tell("plan.cancelled", row)
        _audit(actor, "plan.cancelled", row, {})

    change_status(
        plan, to=PlanStatus.CANCELLED, moves=PLAN_MOVES, fact=fact, sentence=_OVER, finished_at=now, stage="Cancelled"
    )
    return plan


def make_plans(*, subjects: Sequence[str] = (), settle: Settle | None = None) -> int:
    """Work out the plan that waits longest, unless another worker is at it; return how many were taken up.

    Reactions are settled when their plan is taken up, or at once where it has to wait: its row is not forgotten.
    """
    taken = 0
    with _alone() as alone:
        if alone:
            _wake_the_dead()
        waiting = NetworkPlan.objects.filter(status=PlanStatus.ASKED).order_by("id")
        plan = waiting.select_related("organization").first() if alone else None
        with transaction.atomic():
            for subject in subjects if settle else ():
                if plan is None or subject != plan.public_id:
                    settle(subject)  # type: ignore[misc]
        if plan is not None:
            taken = int(_take_up(plan, settle if settle and plan.public_id in subjects else None))
    if taken and NetworkPlan.objects.filter(status=PlanStatus.ASKED).exists():
        with transaction.atomic():
            following = NetworkPlan.objects.filter(status=PlanStatus.ASKED).order_by("id").first()
            if following is not None:
                publish(name="plan.asked", subject=following.public_id, version=following.version, audience={})
    return taken


def make_left_plans() -> int:
    """Take up plans that nobody works on: their message was lost, or their worker was killed."""
    return make_plans() if NetworkPlan.objects.filter(status__in=UNFINISHED).exists() else 0


def prune_plans() -> int:
    """Delete finished plans beyond each organization's newest, and old ones; return how many went."""
    old = NetworkPlan.objects.exclude(status__in=UNFINISHED).filter(asked_at__lt=clock.now() - KEPT_FOR)
    doomed = set(old.values_list("pk", flat=True))
    owners = NetworkPlan.objects.order_by().values_list("organization", flat=True).distinct()
    for owner in owners:
        kept = NetworkPlan.objects.filter(organization=owner).exclude(status__in=UNFINISHED).order_by("-id")
        doomed.update(kept.values_list("pk", flat=True)[KEPT_PLANS:])
    NetworkPlan.objects.filter(pk__in=doomed).delete()
    return len(doomed)


@contextmanager
def _alone() -> Iterator[bool]:
    """Say whether this is the one worker that works plans out, for as long as the block runs."""
    # A connection of its own, outside the pool: the lock lives as long as it does.
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as door:
        row = door.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        yield bool(row and row[0])


def _wake_the_dead() -> None:
    """Put plans whose worker was killed back into the queue, or give them up; the lock is ours, so nobody has them."""
    for plan in NetworkPlan.objects.filter(status=PlanStatus.RUNNING).order_by("id"):
        try:
            if plan.run >= MOST_RUNS:
                _fail(plan, _INTERRUPTED)
            else:
                change_status(
                    plan,
                    to=PlanStatus.ASKED,
                    moves=PLAN_MOVES,
                    fact=lambda row: _tell("plan.stopped", row),
                    sentence=_OVER,
                    stage=_TAKEN_UP_AGAIN,
                    percent=0,
                )
        except Conflict:
            continue  # cancelled meanwhile


def _take_up(plan: NetworkPlan, settle: Settle | None) -> bool:
    def fact(row: NetworkPlan) -> None:
        _tell("plan.started", row)
        if settle:
            settle(row.public_id)

    try:
        change_status(
            plan,
            to=PlanStatus.RUNNING,
            moves=PLAN_MOVES,
            fact=fact,
            sentence=_OVER,
            run=F("run") + 1,
            started_at=clock.now(),
            stage="Reading the market",
            percent=0,
        )
    except Conflict:  # cancelled meanwhile
        if settle:
            with transaction.atomic():
                settle(plan.public_id)
        return False
    try:
        _finish(plan, work_out(plan, _reporter(plan)))
    except _Gone:
        logger.info("Plan %s was cancelled while it was worked out", plan)
    except SoftTimeLimitExceeded:
        _give_up(plan, _TOO_LONG)
    except Exception:
        logger.exception("Plan %s could not be worked out", plan)
        _give_up(plan, _BROKEN)
    return True


def _reporter(plan: NetworkPlan) -> Report:
    """Return what writes the progress down; it raises when nobody wants the plan any more."""
    said, at = "", 0.0

    def report(stage: str, done: float) -> None:
        nonlocal said, at
        moment = time.monotonic()
        if stage == said and moment - at < REPORT_SECONDS:
            return
        said, at = stage, moment
        percent = min(max(round(100 * done), 0), 99)
        mine = NetworkPlan.objects.filter(pk=plan.pk, run=plan.run, status=PlanStatus.RUNNING)
        if not mine.update(stage=stage[:120], percent=percent):
            raise _Gone

    return report


def _finish(plan: NetworkPlan, worked: Worked) -> None:
    """Store what was worked out, unless the plan was cancelled or given to another worker meanwhile."""
    with transaction.atomic():
        mine = NetworkPlan.objects.select_for_update().filter(pk=plan.pk, run=plan.run, status=PlanStatus.RUNNING)
        if not mine.exists():
            raise _Gone
        store_lines(plan, worked)

        def fact(row: NetworkPlan) -> None:
            event = publish(name="plan.finished", subject=row.public_id, version=row.version, audience=_audience(row))
            notify(
                event=event,
                organization_id=row.organization.public_id,
                text=f"Your network plan is ready: {worked.headline}.",
                url=f"/desk/plans/{row.public_id}/",
            )

        change_status(
            plan,
            to=PlanStatus.DONE,
            moves=PLAN_MOVES,
            fact=fact,
            sentence=_OVER,
            finished_at=clock.now(),
            stage="Done",
            percent=100,
            **worked.columns,
        )


def _give_up(plan: NetworkPlan, sentence: str) -> None:
    if not connection.is_usable():
        connection.close()  # the database was away: the next statement connects anew
    try:
        _fail(plan, sentence)
    except Conflict:
        logger.info("Plan %s was cancelled before it failed", plan)


def _fail(plan: NetworkPlan, sentence: str) -> None:
    change_status(
        plan,
        to=PlanStatus.FAILED,
        moves=PLAN_MOVES,
        fact=lambda row: _tell("plan.failed", row),
        sentence=_OVER,
        finished_at=clock.now(),
        stage="Failed",
        failure=sentence,
    )


def _audience(plan: NetworkPlan) -> dict[str, dict[str, Any]]:
    """Return the news of a plan for the organization that asked for it, and for nobody else."""
    payload = {"id": plan.public_id, "version": plan.version, "status": plan.status, "longest": plan.longest}
    return {plan.organization.public_id: payload}


def _tell(name: str, plan: NetworkPlan) -> None:
    publish(name=name, subject=plan.public_id, version=plan.version, audience=_audience(plan))


def _audit(actor: Actor, action: str, plan: NetworkPlan, changes: dict[str, Any]) -> None:
    owner = actor.organization.public_id
    record_audit(organization_id=owner, actor=actor, action=action, subject=plan.public_id, changes=changes)
