"""What waits on the way home, while a return leg is being written: a fragment beside the carrier's form."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from carriers.forms.legs import LegForm
from carriers.models import ReturnLeg
from carriers.queries import own_leg
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.trade.errors import Invalid, NotFound
from foundation.trade.ids import looks_like
from matching.empty_runs import view, words_of
from matching.policies import current_policy
from matching.services.previewing import preview
from matching.visibility import counts_in_words


@require_POST
@scope_required("legs:write")
def leg_preview(request: HttpRequest) -> HttpResponse:
    """Show what waits for the leg as it is typed, or say gently what is missing still; nothing is stored."""
    organization = actor_of(request).organization
    name = request.POST.get("leg", "")
    if name and not looks_like("leg", name):
        raise NotFound("There is no such return leg here.")
    stored = own_leg(organization, name) if name else None
    form = LegForm(request.POST, organization=organization, leg=stored)
    fragment = is_fragment(request)
    template = "matching/_leg_preview.html" if fragment else "matching/leg_preview.html"
    return render(request, template, _answer(form, stored))


def _answer(form: LegForm, stored: ReturnLeg | None) -> dict[str, Any]:
    if not form.is_valid():
        return _missing(form)
    organization = form.organization
    try:
        found = preview(organization=organization, leg_terms=form.terms(), stored=stored)
    except Invalid as refusal:
        return {"wrong": [problem.sentence for problem in refusal.problems]}
    run = found.empty_run
    return {
        "preview": found,
        "empty_run": words_of(view(run, is_carrier=True, policy=current_policy()), found.leg) if run else None,
        "refusals": counts_in_words(found.refusals),
        "more": found.count - len(found.loads),
    }


_STILL_NEEDED = {
    "truck": "the truck",
    "empty": "where it empties",
    "ready_at": "when it is empty",
    "home": "where home is",
    "home_by": "when it must be home",
    "audience": "who sees it",
}
"""What a person would call the fields that a leg cannot do without, in the order of the form."""


def _missing(form: LegForm) -> dict[str, Any]:
    """Return what is still to be filled in, in a person's words, and the sentences of what does not read."""
    wrong: list[str] = []
    found = form.errors.as_data()
    missing = [
        words for name, words in _STILL_NEEDED.items() if any(error.code == "required" for error in found.get(name, ()))
    ]
    for name, errors in found.items():
        label = f"{form.fields[name].label}: " if name in form.fields else ""
        read = (error for error in errors if error.code != "required" or name not in _STILL_NEEDED)
        wrong.extend(label + " ".join(error.messages) for error in read)
    return {"missing": missing, "wrong": wrong}
