"""Who hears what: the tasks that react to each fact, the facts that no task hears, the tasks sent by the clock."""

from collections.abc import Mapping

_LOADS = ("matching.match_loads",)
_LEGS = ("matching.match_legs",)
_PROPOSALS = ("brokers.lapse_proposals",)  # of what is not any more as it was proposed
_THREADS = ("brokers.lapse_threads",)  # about what is not to be had any more, or not as it was
_CLAIMS = ("brokers.settle_claims",)  # on hold, on a load or a leg that is not any more as it was
_OFFERS = ("brokers.supersede_offers",)  # on an older version of the load
_ORGANIZATIONS = ("matching.match_organization",)
_RATES = ("matching.observe_rate",)
_NOTICES = ("brokers.write_notices",)  # under the bell and by mail
_PAPERS = ("brokers.make_documents",)  # of what was agreed

WIRING: Mapping[str, tuple[str, ...]] = {
    "amendment.closed": _NOTICES,
    "amendment.made": _NOTICES,
    "booking.amended": _NOTICES + _PAPERS,
    "booking.cancelled": (*_RATES, *_NOTICES, "brokers.lapse_amendments"),
    "booking.made": _RATES + _NOTICES + _PAPERS,
    "claim.closed": _NOTICES,
    "claim.pending": (*_NOTICES, "brokers.check_claims"),
    "confirmation.ready": _NOTICES,
    "confirmation.signed": _NOTICES,
    "contention.closed": _NOTICES,
    "contention.made": _NOTICES,
    "contention.withdrawn": _NOTICES,
    "offer.closed": _NOTICES,
    "offer.held": (*_NOTICES, "brokers.check_claims"),
    "offer.made": _NOTICES,
    "offer.released": _NOTICES,
    "proposal.made": _NOTICES,
    "record.asked": _NOTICES,
    "thread.closed": _NOTICES,
    "thread.split": _NOTICES,
    "load.covered": _LOADS + _PROPOSALS + _THREADS,
    "load.opened": _LOADS,
    "load.edited": _LOADS + _PROPOSALS + _OFFERS + _CLAIMS,
    "load.noted": _LOADS + _PROPOSALS + _OFFERS + _CLAIMS,
    "load.sold": _LOADS + _PROPOSALS + _THREADS + _CLAIMS,
    "load.taken_back": _LOADS + _PROPOSALS + _THREADS + _CLAIMS,
    "load.withdrawn": _LOADS + _PROPOSALS + _THREADS + _CLAIMS,
    "load.expired": _LOADS + _PROPOSALS + _THREADS + _CLAIMS,
    "leg.covered": _LEGS + _PROPOSALS + _THREADS,
    "leg.opened": _LEGS,
    "leg.reduced": _LEGS + _PROPOSALS,
    "leg.edited": _LEGS + _PROPOSALS + _THREADS + _CLAIMS,
    "leg.withdrawn": _LEGS + _PROPOSALS + _THREADS + _CLAIMS,
    "leg.expired": _LEGS + _PROPOSALS + _THREADS + _CLAIMS,
    "leg.costs_changed": _LEGS,
    "truck.archived": _THREADS + _CLAIMS,
    "organization.record_asked": ("accounts.ask_registry",),
    "organization.unverified": (*_ORGANIZATIONS, "brokers.part_unverified"),
    "organization.verified": (*_ORGANIZATIONS, "accounts.ask_registry"),
    "relationship.changed": ("matching.match_related", "brokers.part_related"),
    "plan.asked": ("matching.make_plans",),
    "plan.stopped": ("matching.make_plans",),
    "mail.queued": ("events.send_mail",),
    "canary.sung": ("events.hear_canary",),
}

# Facts that only feeds and live streams carry: no task reacts to them.
UNHEARD: frozenset[str] = frozenset(
    {
        "canary.heard",
        "leg.confirmation_asked",
        "leg.confirmed",
        "leg.drafted",
        "load.amended",
        "load.confirmation_asked",
        "load.confirmed",
        "load.drafted",
        "load.freed",
        "load.reserved",
        "match.dismissed",
        "match.restored",
        "match.snoozed",
        "matches.changed",
        "membership.changed",
        "notice.posted",
        "organization.changed",
        "organization.checked",
        "organization.payment_changed",
        "plan.cancelled",
        "plan.failed",
        "plan.finished",
        "plan.started",
        "proposal.answered",
        "proposal.closed",
        "relationship.asked",
        "tour.changed",
    }
)

# Facts that change what somebody looks at who hears none of them: a carrier with a load's page open. Pages that watch
# the subject are told that it changed, and nothing else.
WATCHED: frozenset[str] = frozenset(
    {
        "load.covered",
        "load.edited",
        "load.expired",
        "load.freed",
        "load.opened",
        "load.reserved",
        "load.sold",
        "load.taken_back",
        "load.withdrawn",
    }
)

# Lists that others look at, and the facts that add to them: pages that watch one are told that it grew, once for all
# that came within a second, and only where they may see some of it.
LISTS: Mapping[str, frozenset[str]] = {"loads.market": frozenset({"load.opened"})}

# Facts that are wired before the room that publishes them does; a test takes a name out once it is published.
AHEAD: frozenset[str] = frozenset()

# Tasks that the relay sends every so many seconds.
PERIODIC: Mapping[str, float] = {
    "accounts.refresh_records": 60,
    "brokers.check_waiting_claims": 15,
    "brokers.close_unanswered": 60,
    "brokers.close_begun_legs": 30,
    "brokers.expire_offers": 5,
    "brokers.forget_old_decisions": 3600,
    "brokers.lapse_due_amendments": 15,
    "brokers.lapse_due_proposals": 15,
    "brokers.prune_records": 86_400,
    "brokers.release_due_claims": 10,
    "carriers.ask_confirmation": 300,
    "carriers.expire_due": 30,
    "events.prune": 3600,
    "events.send_digests": 60,
    "loads.ask_confirmation": 300,
    "loads.expire_due": 30,
    "matching.combine_legs": 15,
    "matching.fit_rates": 86_400,
    "matching.make_left_plans": 15,
    "matching.prune_plans": 3600,
    "matching.refresh": 60,
    "matching.rescore": 30,
    "rest.prune_idempotency_records": 3600,
}

# What the relay is given: every declared fact, so that it can say when it meets one that nobody declared.
FACTS: Mapping[str, tuple[str, ...]] = {**WIRING, **dict.fromkeys(sorted(UNHEARD), ())}
