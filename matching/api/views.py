"""The endpoints of matches."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from carriers.api.shown import shown_leg
from carriers.queries import leg_of
from carriers.queries import standing_of as standing_to_legs
from carriers.visibility import view as view_leg
from foundation.rest.etags import with_etag
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock
from loads.api.serializers import shown as shown_load
from loads.queries import load_of
from loads.queries import standing_of as standing_to_loads
from loads.visibility import view as view_load
from matching.api.filters import MatchFilter
from matching.api.serializers import BestMatchesSerializer, MatchSerializer, shown
from matching.api.why import LegMatchesSerializer, shown_run
from matching.empty_runs import empty_run_for
from matching.models import Match
from matching.policies import current_policy
from matching.queries import SHOWN, desk_matches, match_of, matches_of_leg, matches_of_load, with_own_sides
from matching.visibility import view, viewer_of


@extend_schema(tags=["matches"])
class MatchViewSet(ResourceViewSet):
    """Matches: loads that trucks can take on their way home."""

    scopes = dict.fromkeys(("list", "retrieve", "of_load", "of_leg"), "matches:read")
    queryset = Match.objects.none()
    serializer_class = MatchSerializer
    filterset_class = MatchFilter
    order = ("is_ranked_last", "-market_gain_cents", "public_id")

    def find(self, public_id: str) -> Match:
        """Return a match that the organization may see."""
        return match_of(self.actor.organization, public_id, clock.now())

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Return matches as the organization may see them."""
        viewer = self.actor.organization
        loads, legs = standing_to_loads(viewer), standing_to_legs(viewer)
        return [
            shown(
                view(row, viewer_of(row, viewer)),
                shown_load(view_load(row.load, loads.of(row.load))),
                shown_leg(view_leg(row.leg, legs.of(row.leg))),
            )
            for row in rows
        ]

    @extend_schema(
        summary="List matches",
        description="Matches of which you are a side, and for brokers those of which they may see both sides: best "
        "market gain first, those of postings that nobody has confirmed for a day last.",
    )
    def list(self, request: Request) -> Response:
        """Answer with a page of matches."""
        return self.listed(with_own_sides(desk_matches(self.actor.organization, clock.now())))

    @extend_schema(summary="Show a match")
    def retrieve(self, request: Request, public_id: str) -> Response:
        """Answer with one match."""
        return self.shown(self.one(self.get_object()))

    @extend_schema(
        summary="List the best matches of a load",
        description=f"The best {SHOWN} by market gain.",
        responses=BestMatchesSerializer,
        filters=False,
    )
    def of_load(self, request: Request, public_id: str) -> Response:
        """Answer with the best matches of a load."""
        viewer, now = self.actor.organization, clock.now()
        return self._best(matches_of_load(viewer, load_of(viewer, public_id, now), now))

    @extend_schema(
        summary="List the best matches of a return leg",
        description=f"The best {SHOWN}: for the carrier by its own gain, for others by market gain; and the empty run "
        "home that they beat.",
        responses=LegMatchesSerializer,
        filters=False,
    )
    def of_leg(self, request: Request, public_id: str) -> Response:
        """Answer with the best matches of a return leg."""
        viewer, now = self.actor.organization, clock.now()
        leg = leg_of(viewer, public_id, now)
        answer = self._best(matches_of_leg(viewer, leg, now))
        run = empty_run_for(leg, current_policy())
        answer.data["empty_run"] = shown_run(run, is_carrier=leg.organization_id == viewer.pk)
        return answer

    def _best(self, rows: QuerySet[Match]) -> Response:
        best = self.represent(list(with_own_sides(rows)[:SHOWN]))
        return Response({"items": [with_etag(each) for each in best], "next": None})
