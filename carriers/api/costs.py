"""The endpoints of a carrier's own costs: for its owners alone."""

from datetime import date
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from carriers import services
from carriers.api.fleet_serializers import CostsSerializer
from carriers.api.shown import shown_costs
from carriers.costs import OWN, Costs
from carriers.models import CostSetting
from carriers.queries import cost_settings_of, costs_on
from carriers.terms import CostTerms
from foundation.rest.views import ResourceViewSet
from foundation.trade import clock
from foundation.trade.errors import NotFound
from foundation.trade.windows import local

DAY = OpenApiParameter(
    "valid_from", {"type": "string", "format": "date"}, OpenApiParameter.PATH, description="The day that they begin on."
)
_COLUMNS = {
    "loaded_mile": "loaded_cents_per_mile",
    "empty_mile": "empty_cents_per_mile",
    "hour": "hour_cents",
    "delay_hour": "delay_hour_cents",
}


def _own(setting: CostSetting) -> Costs:
    return Costs(
        setting.valid_from,
        setting.loaded_cents_per_mile,
        setting.empty_cents_per_mile,
        setting.hour_cents,
        setting.delay_hour_cents,
        OWN,
        False,
    )


@extend_schema(tags=["costs"])
class CostsViewSet(ResourceViewSet):
    """A carrier's costs, by the day that they begin on."""

    scopes = {"list": "costs:write", "retrieve": "costs:write", "current": "costs:write"} | {
        "update": "costs:write",
        "destroy": "costs:write",
    }
    if_match_optional = frozenset({"update"})
    field_names = {column: name for name, column in _COLUMNS.items()}
    queryset = CostSetting.objects.none()
    serializer_class = CostsSerializer
    lookup_field = "valid_from"
    order = ("-valid_from",)

    def find(self, public_id: str) -> CostSetting:
        """Return the setting that begins on a day. Raises `NotFound`."""
        try:
            day = date.fromisoformat(public_id)
        except ValueError:
            raise NotFound("There is no such cost setting of yours. Name a day like 2026-11-01.") from None
        setting = cost_settings_of(self.actor.organization).filter(valid_from=day).first()
        if setting is None:
            raise NotFound("There is no such cost setting of yours.")
        return setting

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Show cost settings."""
        return [shown_costs(_own(row)) for row in rows]

    @extend_schema(summary="List own cost settings")
    def list(self, request: Request) -> Response:
        """List your own cost settings, the newest first."""
        return self.listed(cost_settings_of(self.actor.organization))

    @extend_schema(summary="Show the costs in force")
    def current(self, request: Request) -> Response:
        """Show what is reckoned with today: your own costs, or the dated defaults of the trade."""
        organization = self.actor.organization
        today = local(clock.now(), organization.time_zone).date()
        return self.shown(shown_costs(costs_on(organization, today)))

    @extend_schema(summary="Show one cost setting", parameters=[DAY])
    def retrieve(self, request: Request, valid_from: str) -> Response:
        """Show the setting that begins on a day."""
        return self.shown(self.one(self.find(valid_from)))

    @extend_schema(summary="Set costs from a day on", parameters=[DAY])
    def update(self, request: Request, valid_from: str) -> Response:
        """Set what miles and hours cost from a day on, anew or in place of what stood there. If-Match may be sent."""
        try:
            day = date.fromisoformat(valid_from)
        except ValueError:
            raise NotFound("Name a day like 2026-11-01.") from None
        if "If-Match" in request.headers:
            self.check_if_match(self.one(self.find(valid_from)))
        data = self.body(CostsSerializer)
        cents = {_COLUMNS[name]: value for name, value in data.items()}
        setting = services.set_costs(actor=self.actor, terms=CostTerms(valid_from=day, **cents))
        return self.shown(self.one(setting))

    @extend_schema(summary="Remove a cost setting", parameters=[DAY])
    def destroy(self, request: Request, valid_from: str) -> Response:
        """Take a setting away, so that the one before it, or the default, holds."""
        setting = self.find(valid_from)
        self.check_if_match(self.one(setting))
        services.remove_costs(actor=self.actor, setting_id=setting.pk)
        return Response(status=204)
