"""Pages and fragments of proposals: what waits at the top of every page, what concerns a posting, one, and all."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from brokers.models import Proposal, ProposalParty, ProposalStatus
from brokers.news import became
from brokers.queries import open_proposals_to, proposal_of, proposals_about, proposals_of
from brokers.services import answer_proposal, withdraw_proposal
from brokers.visibility import represents_both_sides, seen_loads
from carriers.queries import visible_legs
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid
from loads.models import Load
from loads.queries import carrier_facing_loads

PROPOSALS_ON_A_PAGE = 30
MOST_ABOUT_A_POSTING = 10
MOST_WAITING = 3


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal as one organization reads it. `leg_in_sight` and `loads_in_sight` say what may be shown and opened."""

    proposal: Proposal
    party: ProposalParty | None
    loads: list[tuple[Load, int | None, bool]]
    leg_in_sight: bool
    is_open: bool
    became: str
    represents_both: bool
    gain_cents: int | None
    parties: list[ProposalParty]

    @property
    def is_brokers(self) -> bool:
        """Whether the reader made it."""
        return self.party is None

    @property
    def may_answer(self) -> bool:
        """Whether the reader's word is still heard."""
        return self.is_open and self.party is not None and self.party.answer != ProposalParty.Answer.DECLINED


def rows_of(viewer: Organization, proposals: list[Proposal], now: datetime) -> list[ProposalRow]:
    """Return proposals as the viewer, their maker or a party, reads them."""
    legs = set(visible_legs(viewer, now).order_by().filter(pk__in=[row.leg_id for row in proposals]).values_list("pk"))
    wanted = [each.load_id for row in proposals for each in row.loads.all()]
    loads = carrier_facing_loads(viewer, now).order_by().prefetch_related(None).filter(pk__in=wanted)
    return [_row(viewer, proposal, {key for (key,) in legs}, set(loads.values_list("pk", flat=True)), now)
            for proposal in proposals]  # fmt: skip


def _row(viewer: Organization, proposal: Proposal, legs: set[int], loads: set[int], now: datetime) -> ProposalRow:
    parties = sorted(proposal.parties.all(), key=lambda party: party.pk)
    party = next((each for each in parties if each.organization_id == viewer.pk), None)
    if proposal.broker_id == viewer.pk:
        party = None
    rates = {each.load_id: each.rate_cents for each in proposal.loads.all()}
    seen = seen_loads(proposal, party)
    own = {viewer.pk}
    whole = party is None or party.role == ProposalParty.Role.CARRIER or len(seen) == len(rates)
    return ProposalRow(
        proposal=proposal,
        party=party,
        loads=[(load, rates[load.pk], load.pk in loads or load.organization_id in own) for load in seen],
        leg_in_sight=proposal.leg_id in legs or proposal.leg.organization_id in own,
        is_open=proposal.status == ProposalStatus.OPEN and proposal.expires_at > now,
        became=became(proposal),
        represents_both=represents_both_sides(proposal),
        gain_cents=proposal.market_gain_cents if whole else None,
        parties=parties if party is None else [],
    )


@never_cache
@require_safe
@scope_required("matches:read")
def proposals_page(request: HttpRequest) -> HttpResponse:
    """List the proposals that the organization made or received, newest first."""
    actor = actor_of(request)
    page = Paginator(proposals_of(actor.organization), PROPOSALS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": rows_of(actor.organization, list(page), clock.now())}
    return render(request, "brokers/proposals.html", context | _manners(request))


@never_cache
@require_safe
@scope_required("matches:read")
def waiting(request: HttpRequest) -> HttpResponse:
    """Return the proposals that wait for the organization's word, for the top of every page."""
    actor, now = actor_of(request), clock.now()
    found = list(open_proposals_to(actor.organization, now)[: MOST_WAITING + 1])
    rows = rows_of(actor.organization, found[:MOST_WAITING], now)
    context = {"rows": rows, "has_more": len(found) > MOST_WAITING}
    return render(request, "brokers/_proposals_waiting.html", context | _manners(request))


@never_cache
@require_safe
@scope_required("matches:read")
def about(request: HttpRequest, posting_id: str) -> HttpResponse:
    """Return the organization's proposals about a load or leg, for that one's page."""
    viewer = actor_of(request).organization
    found = list(proposals_about(viewer, posting_id=posting_id)[:MOST_ABOUT_A_POSTING])
    context = {"rows": rows_of(viewer, found, clock.now()), "posting_id": posting_id}
    return render(request, "brokers/_proposals_about.html", context | _manners(request))


@never_cache
@require_safe
@scope_required("matches:read")
def proposal_page(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Show one proposal."""
    return _show(request, proposal_id)


def _show(request: HttpRequest, proposal_id: str, error: str = "") -> HttpResponse:
    viewer = actor_of(request).organization
    row = rows_of(viewer, [proposal_of(viewer, proposal_id)], clock.now())[0]
    fragment = is_fragment(request)
    template = "brokers/_proposal.html" if fragment else "brokers/proposal.html"
    context = {"row": row, "error": error} | _manners(request)
    return render(request, template, context, status=422 if error else 200)


@require_POST
@scope_required("offers:write")
def answer(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Record the organization's word on a proposal."""
    said = request.POST.get("answer", "")[:20]
    try:
        answer_proposal(actor=actor_of(request), proposal_id=proposal_id, answer=said)
    except (Conflict, Forbidden, Invalid) as error:
        if is_fragment(request):
            return _show(request, proposal_id, error.sentence)
        messages.error(request, error.sentence)
        return _back(request, proposal_id)
    if is_fragment(request):
        return _show(request, proposal_id)
    words = "Noted: you are interested." if said == ProposalParty.Answer.INTERESTED else "Declined."
    messages.success(request, f"{words} The broker knows.")
    return _back(request, proposal_id)


@require_POST
@scope_required("offers:write")
def withdraw(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Take an own proposal back."""
    try:
        withdraw_proposal(actor=actor_of(request), proposal_id=proposal_id)
    except Conflict as error:
        if is_fragment(request):
            return _show(request, proposal_id, error.sentence)
        messages.error(request, error.sentence)
        return _back(request, proposal_id)
    if is_fragment(request):
        return _show(request, proposal_id)
    messages.success(request, "Withdrawn. The parties have been told.")
    return _back(request, proposal_id)


def _manners(request: HttpRequest) -> dict[str, object]:
    actor = actor_of(request)
    return {
        "may_answer": actor.may("offers:write"),
        "zone": actor.organization.time_zone,
        "viewer": actor.organization,
        "now": clock.now(),
    }


def _back(request: HttpRequest, proposal_id: str) -> HttpResponse:
    target = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = reverse("brokers:proposal", args=[proposal_id])
    return HttpResponseRedirect(target)
