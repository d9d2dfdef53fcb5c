"""Pages of this room: who may listen to the live stream, the feed for polling, mails, and notices under the bell."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from foundation.events import queries, services
from foundation.events.listening import Ticket
from foundation.events.mails import SIGN_IN, without_links
from foundation.events.streams import DOOR, Door
from foundation.events.watching import asked
from foundation.trade.errors import Forbidden, NotFound

MOST_IN_FEED = 200
MAILS_ON_A_PAGE = 50
NOTICES_SHOWN = 20
LARGEST_POSITION = 2**63 - 1
SCOPE = "events:read"


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the plain refusal for a script that may not listen: it must not be sent to a sign-in page."""
    actor = getattr(request, "actor", None)
    if actor is None or actor.person is None:
        return JsonResponse({"code": "signed_out", "detail": "Sign in again to hear the news."}, status=401)
    if not actor.may(SCOPE):
        return JsonResponse({"code": "missing_scope", "detail": "Your role does not read the news."}, status=403)
    return None


def _position(text: str | None) -> int | None:
    """Return the position that a text names, None for none or nonsense."""
    if text and text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_POSITION:
        return int(text)
    return None


@never_cache
@require_GET
def stream(request: HttpRequest) -> HttpResponseBase:
    """Say who listens; `LiveStreams` carries the stream. Where it does not stand before Django, pages poll."""
    refused = _refusal(request)
    if refused is not None:
        return refused
    door = getattr(request, "scope", {}).get(DOOR)
    if not isinstance(door, Door):
        return HttpResponse("Live news are away; poll the feed.", status=503, content_type="text/plain")
    actor: Any = request.actor  # type: ignore[attr-defined]
    after = _position(request.headers.get("Last-Event-ID", request.GET.get("after")))
    watch = asked(request.GET.get("watch", ""))
    door.ticket = Ticket(actor.organization.public_id, actor.person.public_id, actor.role, watch, after)
    response = HttpResponse(content_type="text/event-stream")
    response["X-Accel-Buffering"] = "no"  # a proxy must pass each event on at once
    return response


@never_cache
@require_GET
def feed(request: HttpRequest) -> HttpResponse:
    """Return what the session's organization heard after a position; without one, where the present is."""
    refused = _refusal(request)
    if refused is not None:
        return refused
    organization_id = request.actor.organization.public_id  # type: ignore[attr-defined]
    after = _position(request.GET.get("after"))
    if after is None:
        start = queries.position_for_new_page(organization_id)
        return JsonResponse({"items": [], "position": start, "more": False, "organization": organization_id})
    limit = min(_position(request.GET.get("limit")) or MOST_IN_FEED, MOST_IN_FEED)
    rows = queries.feed_of(organization_id, after=after).values_list("position", "event__name", "event__subject")
    items = [{"name": name, "subject": subject, "position": position} for position, name, subject in rows[: limit + 1]]
    more = len(items) > limit
    items = items[:limit]
    position = items[-1]["position"] if items else after
    return JsonResponse({"items": items, "position": position, "more": more, "organization": organization_id})


def _member(request: HttpRequest) -> Any:
    """Return the actor of a signed-in member, or None."""
    actor = getattr(request, "actor", None)
    return actor if actor is not None and actor.person is not None else None


def _require_news(actor: Any) -> None:
    """Raise `Forbidden` for a role that does not read the news: notices name rates, and drivers read no money."""
    if not actor.may(SCOPE):
        raise Forbidden("missing_scope", "Notices are for the people of the office. Your tours are under Tours.")


def _require_mails(actor: Any) -> None:
    """Raise `Forbidden` for a role to which the organization's mails are not shown."""
    if not actor.may("loads:write"):
        raise Forbidden("not_for_viewers", "Mails are shown to owners and dispatchers.")


@require_GET
def mails(request: HttpRequest) -> HttpResponse:
    """Show the mails that went to an organization's people; links that let somebody in are never shown."""
    actor = _member(request)
    if actor is None:
        return redirect("/")
    _require_mails(actor)
    page = Paginator(queries.mails_of(actor.organization.public_id), MAILS_ON_A_PAGE).get_page(request.GET.get("page"))
    for mail in page:
        if mail.kind == SIGN_IN:
            mail.text = without_links(mail.text)
    return render(request, "events/mails.html", {"page": page})


@require_GET
def attachment(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Give the file that went with one of the organization's mails, to whom its mails are shown."""
    actor = _member(request)
    if actor is None:
        return redirect("/")
    _require_mails(actor)
    kept = queries.attachment_of(actor.organization.public_id, mail_id)
    if kept is None:
        raise NotFound("There is no such attachment here.")
    response = HttpResponse(bytes(kept.body), content_type=kept.content_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=kept.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """Show an organization's notices: as a fragment under the bell, as a page without JavaScript."""
    actor = _member(request)
    if actor is None:
        return redirect("/")
    _require_news(actor)
    return _render_notices(request, actor)


@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """Show the bell with the number of unread notices; a fragment of the top bar."""
    actor = _member(request)
    if actor is None or not actor.may(SCOPE):
        return HttpResponse(status=204)
    organization_id = actor.organization.public_id
    unread = queries.unread_notices(organization_id, actor.person.public_id)
    return render(request, "events/_bell.html", {"unread": unread})


@require_POST
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark what the reader has seen as read, for him alone."""
    actor = _member(request)
    if actor is None:
        return redirect("/")
    _require_news(actor)
    services.read_notices(
        organization_id=actor.organization.public_id,
        person_id=actor.person.public_id,
        notice_id=request.POST.get("last", ""),
    )
    if getattr(request, "htmx", False):
        response = _render_notices(request, actor)
        response["HX-Trigger"] = "backhaul:notices.read"
        return response
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if safe else "events:notices")


def _render_notices(request: HttpRequest, actor: Any) -> HttpResponse:
    organization_id = actor.organization.public_id
    read_up_to = queries.read_up_to(organization_id, actor.person.public_id)
    found = list(queries.notices_of(organization_id)[:NOTICES_SHOWN])
    context = {
        "notices": [(notice, notice.pk > read_up_to) for notice in found],
        "unread": queries.unread_notices(organization_id, actor.person.public_id),
        "last": found[0].public_id if found else "",
        "may_read_mails": actor.may("loads:write"),
    }
    template = "events/_notices.html" if getattr(request, "htmx", False) else "events/notices.html"
    return render(request, template, context)
