"""The canary: nothing that somebody may not read can be obtained by it anywhere.

Every route of the product is asked, by its address in the URL conf, for everything that exists: a new route is picked
up by itself, and one whose address names something unknown is asked for all of it.
"""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse

from brokers.models import Thread, Tour
from carriers.models import CostSetting, ReturnLeg
from foundation.events.models import DigestItem, FeedEntry, Mail, Notice
from loads.models import Load
from tests.house.cast import BACKEND
from tests.house.doors import routes
from tests.house.marked import Market, assemble_market

ABOUT_NOBODY = ("places", "api-docs", "api-redoc", "api-openapi", "api-problem", "health", "ready", "<")
"""Routes whose answers are the same for everybody, whatever the market holds."""

PREFIXES = {
    "load_id": ("load_",),
    "leg_id": ("leg_",),
    "match_id": ("match_",),
    "thread_id": ("thread_",),
    "offer_id": ("offer_",),
    "claim_id": ("claim_",),
    "booking_id": ("bkg_",),
    "tour_id": ("tour_",),
    "confirmation_id": ("rcon_",),
    "posting_id": ("load_", "leg_"),
    "unit_id": ("trk_",),
    "amendment_id": ("amend_",),
    "contention_id": ("cont_",),
    "record_id": ("rec_",),
}
FOLDERS = {
    "loads": ("load_",),
    "legs": ("leg_",),
    "matches": ("match_",),
    "threads": ("thread_",),
    "offers": ("offer_",),
    "claims": ("claim_",),
    "bookings": ("bkg_",),
    "tours": ("tour_",),
    "rate-confirmations": ("rcon_",),
    "amendments": ("amend_",),
    "contentions": ("cont_",),
    "transaction-records": ("rec_",),
}
FOLDERS_ELSEWHERE = frozenset({"combinations", "proposals", "plans"})
# What the market of the canary holds none of, or what is the asker's alone: one address tells as much as forty.
ELSEWHERE = frozenset(
    {"person_id", "invitation_id", "token", "request_id", "relationship_id", "key_id", "setting_id", "valid_from"}
    | {"plan_id", "line_id", "proposal_id", "combination_id", "external_id"}
)
MOST_ADDRESSES = 30


@pytest.fixture
def market(db: None, empty_cache: None, settings: Any) -> Market:
    settings.REST_RATE_LIMITS = dict.fromkeys(settings.REST_RATE_LIMITS, (100_000, 100_000, 60))
    found = assemble_market()
    for who, actor in found.actors.items():
        client = Client(raise_request_exception=False)
        assert actor.person is not None
        client.force_login(actor.person, backend=BACKEND)
        found.clients[who] = client
    return found


def _wanted(argument: str, route: str, ids: list[str]) -> list[str]:
    """Return what an argument of an address may name: by its own name, by the folder before it, or else everything."""
    if argument in ELSEWHERE:
        return ids[:1]
    if argument == "slug":
        return ["trucks"]
    if argument == "subject":
        return ["carriage", "sale"]
    folder = re.search(r"([a-z-]+)/<str:" + argument, route)
    if folder and folder[1] in FOLDERS_ELSEWHERE:
        return ids[:1]
    prefixes = PREFIXES.get(argument) or (FOLDERS.get(folder[1]) if folder else None)
    if prefixes is None:
        return ids
    return [each for each in ids if each.startswith(prefixes)] or ids[:1]


def _addresses(market: Market, name: str, pattern: URLPattern, ids: list[str]) -> Iterator[str]:
    arguments = list(pattern.pattern.converters)
    choices = [_wanted(argument, str(pattern.pattern), ids) for argument in arguments]
    for count, chosen in enumerate(product(*choices)):
        if count == MOST_ADDRESSES:
            return
        try:
            yield reverse(name.removesuffix(":0").removesuffix(":1"), kwargs=dict(zip(arguments, chosen, strict=True)))
        except NoReverseMatch:
            continue


def _body(response: HttpResponseBase) -> str:
    content = b"".join(response) if response.streaming else response.content
    headers = " ".join(f"{name}: {value}" for name, value in response.headers.items())
    return (headers + content.decode(errors="replace")).replace('": ', '":')


def _ask(client: Client, method: str, path: str, **headers: str) -> str:
    before = transaction.savepoint()
    try:
        if method == "POST":
            given = {"Idempotency-Key": "canary", **headers}
            is_rest = path.startswith("/api/")
            kind = "application/json" if is_rest else "application/x-www-form-urlencoded"
            return _body(client.generic("POST", path, "{}" if is_rest else "", kind, headers=given))
        return _body(client.get(path, headers=headers))
    finally:
        transaction.savepoint_rollback(before)


def _routes() -> dict[str, URLPattern]:
    return {name: pattern for name, pattern in routes().items() if not name.startswith(ABOUT_NOBODY)}


def _stored_for(market: Market, who: str) -> str:
    """Return what feed, stream, webhooks, bell and mailbox hold for an organization."""
    name = market.organization(who).public_id
    parts = [json.dumps(entry.payload) for entry in FeedEntry.objects.filter(organization_id=name)]
    parts += [f"{row.text} {row.url}" for row in Notice.objects.filter(organization_id=name)]
    parts += [f"{row.text} {row.url}" for row in DigestItem.objects.filter(organization_id=name)]
    parts += [f"{row.subject} {row.text} {row.html}" for row in Mail.objects.filter(organization_id=name)]
    return "\n".join(parts).replace('": ', '":')


def _said(market: Market, who: str, body: str, where: str) -> list[str]:
    marks = [mark for mark in market.marks if who not in mark.readers and mark.stands_in(body)]
    return [f"{where} tells the {who} {mark.what}" for mark in marks]


def test_no_page_answer_feed_notice_or_mail_holds_what_is_another_ones(market: Market) -> None:
    ids, said = market.ids(), []
    read: dict[str, list[str]] = {who: [] for who in market.actors}
    for who, client in market.clients.items():
        body = _stored_for(market, who)
        read[who].append(body)
        said += _said(market, who, body, "what is stored for the feed, bell and mail")
        for name, pattern in _routes().items():
            for path in _addresses(market, name, pattern, ids):
                answers = [_ask(client, "GET", path)]
                if name.startswith("brokers:"):
                    answers.append(_ask(client, "GET", path, **{"HX-Request": "true"}))
                read[who] += answers
                for answer in answers:
                    said += _said(market, who, answer, f"GET {path}")
    assert not said, "\n".join(sorted(set(said)))
    unread = [
        f"{mark.what} is read by none of {sorted(mark.readers)}"
        for mark in market.marks
        if mark.readers
        and not any(mark.stands_in(body) for who in mark.readers for body in read[who])
        and mark.what not in ("the margin of its price", "when a side asked to split")
    ]
    assert not unread, "\n".join(unread)


def test_no_refusal_tells_what_is_another_ones(market: Market) -> None:
    ids, said = market.ids(), []
    for who in ("rival", "stranger", "shipper", "carrier"):
        for name, pattern in _routes().items():
            if name.startswith(("accounts:", "carriers:", "events:", "loads:")) or name in ASKS_ITSELF:
                continue
            for path in list(_addresses(market, name, pattern, ids))[:6]:
                answer = _ask(market.clients[who], "POST", path)
                said += _said(market, who, answer, f"POST {path}")
    assert not said, "\n".join(sorted(set(said)))


# Who asks to split as well is told so: `tests/brokers/test_splitting.py` holds what the first ask tells.
ASKS_ITSELF = frozenset({"brokers:split", "api-thread-split"})
REST = re.compile(r"^/api/v1/(loads|legs|matches|threads|offers|claims|bookings|tours)(/|$)")


def test_no_etag_depends_on_what_its_reader_cannot_see(market: Market) -> None:
    def etags(who: str) -> dict[str, str]:
        client, found = market.clients[who], {}
        for name, pattern in _routes().items():
            for path in _addresses(market, name, pattern, ids):
                if REST.match(path):
                    response = client.get(path)
                    found[path] = response.headers.get("ETag", "") + str(
                        re.findall(r'"etag":\s*"[^}]*?"', response.content.decode())
                    )
        return found

    ids = market.ids()
    before = {who: etags(who) for who in ("rival", "stranger", "broker")}
    Load.objects.update(reserve_cents=9_999_99, private_notes="other", external_id="")
    Load.objects.filter(seller=None).update(shipper_rate_cents=None)
    ReturnLeg.objects.exclude(organization=market.organization("rival")).update(
        private_notes="other", drive_minutes_left=111, shift_minutes_left=222
    )
    CostSetting.objects.update(hour_cents=9_999)
    Thread.objects.filter(pk=market.split_thread.pk).update(taker_splits_at=None)
    Tour.objects.update(steps=[])
    assert {who: etags(who) for who in before} == before
