"""Every route of the product, and how to knock at it: what of the cast its address names, what its form holds."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.builders import now
from tests.house.cast import Cast

LEFT_OUT: Mapping[str, str] = {
    "allauth": "sign-in, addresses, passwords and second factors: each page is about the person who asks alone",
}


def routes() -> dict[str, URLPattern]:
    """Return every route by its full name, allauth's left out."""
    return dict(_walk(get_resolver(), ""))


def _walk(resolver: URLResolver, space: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _walk(pattern, inner)
        elif pattern.callback.__module__.split(".")[0] not in LEFT_OUT:
            name = f"{space}{pattern.name}" if pattern.name else f"{space}<{pattern.pattern}>"
            yield name if name not in _TWICE else f"{name}:{len(pattern.pattern.converters)}", pattern


_TWICE = {"carriers:units"}  # with the trucks as the first of its tabs, and with a tab named


def _arguments(cast: Cast, name: str) -> dict[str, Any]:
    """Return what a route's address names: the shipper's load, the carrier's leg, truck, people and key."""
    leg = cast.leg
    load_id = (cast.draft_load if name in {"loads:open", "api-load-opening"} else cast.load).public_id
    leg_id = (cast.draft_leg if name in {"carriers:open_leg", "api-legs-opening"} else leg).public_id
    rows = {
        "api-load-": load_id,
        "api-leg": leg_id,
        "api-trucks-": leg.truck.public_id,
        "api-trailers-": leg.trailer.public_id,
        "api-drivers-": leg.driver.public_id,
        "api-home-bases-": leg.home_base.public_id,
        "api-match-": cast.match.public_id,
        "api-combination-": cast.combination.public_id,
        "api-plan-": cast.line.plan.public_id,
        "api-proposal-": cast.proposal.public_id,
        "api-thread": cast.bargains.thread.public_id,
        "api-offer": cast.bargains.offer.public_id,
        "api-claim": cast.bargains.claim.public_id,
        "api-booking": cast.bargains.booking.public_id,
        "api-tour": cast.bargains.tour.public_id,
        "api-confirmation-": cast.bargains.confirmation.public_id,
        "api-amendment-": cast.bargains.amendment.public_id,
        "api-contention-": cast.bargains.contention.public_id,
        "api-relationship-": cast.standing.public_id,
        "api-record-": cast.bargains.record.public_id,
    }
    return {
        "load_id": load_id,
        "leg_id": leg_id,
        "match_id": cast.match.public_id,
        "combination_id": cast.combination.public_id,
        "plan_id": cast.line.plan.public_id,
        "line_id": cast.line.public_id,
        "proposal_id": cast.proposal.public_id,
        "posting_id": cast.load.public_id,
        "thread_id": cast.bargains.thread.public_id,
        "offer_id": cast.bargains.offer.public_id,
        "claim_id": cast.bargains.claim.public_id,
        "booking_id": cast.bargains.booking.public_id,
        "tour_id": cast.bargains.tour.public_id,
        "confirmation_id": cast.bargains.confirmation.public_id,
        "amendment_id": cast.bargains.amendment.public_id,
        "contention_id": cast.bargains.contention.public_id,
        "record_id": cast.bargains.record.public_id,
        "mail_id": "quite-unknown",
        "subject": cast.bargains.amendment.subject,
        "person_id": cast.colleague.public_id,
        "invitation_id": cast.invitation.public_id,
        "token": "quite-unknown",
        "request_id": cast.request.public_id,
        "relationship_id": cast.standing.public_id,
        "key_id": cast.key.public_id,
        "setting_id": cast.costs.pk,
        "valid_from": cast.costs.valid_from.isoformat(),
        "slug": "trucks",
        "unit_id": leg.truck.public_id,
        "external_id": "QZ-EXT-LOAD" if "load" in name else "TZ-EXT-LEG",
        "name": "invalid",  # a kind of problem
        "public_id": next((row for start, row in rows.items() if name.startswith(start)), ""),
    }


_QUESTIONS = {
    "places:suggestions": "?place=chi",
    "carriers:zone": "?place=60601",
    "places-list": "?query=Chicago",
    "places-miles": "?from=60601&to=75201",
    "matching:why_not": "?load={load}",
    "api-leg-why-not": "?load={load}",
    "api-rates-estimate": "?equipment=V&from=60601&to=75201",
    "matching:rates": "?equipment=V&origin=60601&destination=75201",
}
_FORMS: Mapping[str, dict[str, Any]] = {
    "accounts:role": {"role": "viewer"},
    "accounts:answer": {"answer": "grant"},
    "brokers:decide": {"verb": "dismiss", "reason": "Topaz says no"},
    "api-match-snooze": {"until": (now() + timedelta(days=1)).isoformat()},
}


def address(cast: Cast, name: str, pattern: URLPattern) -> str:
    """Return a route's address for the cast's objects."""
    if not pattern.name:
        return "/api/v1/nowhere"
    known = _arguments(cast, name)
    wanted = pattern.pattern.converters or getattr(getattr(pattern.pattern, "regex", None), "groupindex", {})
    arguments = {argument: known[argument] for argument in wanted}
    return reverse(name.removesuffix(":0").removesuffix(":1"), kwargs=arguments)


def knock(cast: Cast, who: str, method: str, name: str, path: str, *, htmx: bool = False) -> HttpResponseBase:
    """Ask as one of the cast; whatever it does to the database is taken back."""
    client = cast.clients[who]
    before = transaction.savepoint()
    try:
        if method not in {"POST", "PUT"}:
            question = _QUESTIONS.get(name, "").format(load=cast.load.public_id) if method == "GET" else ""
            return client.generic(method, path + question, headers={"HX-Request": "true"} if htmx else {})
        if path.startswith("/api/"):
            return client.generic(method, path, json.dumps(_FORMS.get(name, {})), "application/json")
        return client.generic(method, path, urlencode(_FORMS.get(name, {})), "application/x-www-form-urlencoded")
    finally:
        transaction.savepoint_rollback(before)


def answer(response: HttpResponseBase) -> str:
    """Return the status; of a redirect, where it leads to: sign-in, set-up, or on."""
    target = response.headers.get("Location", "")
    if target.startswith("/accounts/login/"):
        return "in?"
    if target.startswith("/organization/new/"):
        return "new?"
    return str(response.status_code)
