"""Who hears what: the tasks that react to each fact, the facts that no task hears, the tasks sent by the clock."""

from collections.abc import Mapping

_LOADS = ("matching.match_loads",)
_LEGS = ("matching.match_legs",)
_ORGANIZATIONS = ("matching.match_organization",)

WIRING: Mapping[str, tuple[str, ...]] = {
    "load.opened": _LOADS,
    "load.edited": _LOADS,
    "load.withdrawn": _LOADS,
    "load.expired": _LOADS,
    "leg.opened": _LEGS,
    "leg.edited": _LEGS,
    "leg.withdrawn": _LEGS,
    "leg.expired": _LEGS,
    "leg.costs_changed": _LEGS,
    "organization.unverified": _ORGANIZATIONS,
    "organization.verified": _ORGANIZATIONS,
    "relationship.changed": ("matching.match_related",),
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
        "load.confirmation_asked",
        "load.confirmed",
        "load.drafted",
        "match.dismissed",
        "match.restored",
        "match.snoozed",
        "matches.changed",
        "membership.changed",
        "notice.posted",
        "organization.changed",
        "relationship.asked",
    }
)

# Tasks that the relay sends every so many seconds.
PERIODIC: Mapping[str, float] = {
    "brokers.forget_old_decisions": 3600,
    "carriers.ask_confirmation": 300,
    "carriers.expire_due": 30,
    "events.prune": 3600,
    "loads.ask_confirmation": 300,
    "loads.expire_due": 30,
    "matching.refresh": 60,
    "rest.prune_idempotency_records": 3600,
}

# What the relay is given: every declared fact, so that it can say when it meets one that nobody declared.
FACTS: Mapping[str, tuple[str, ...]] = {**WIRING, **dict.fromkeys(sorted(UNHEARD), ())}
