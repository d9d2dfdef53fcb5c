"""The endpoints of trucks, trailers, drivers and home bases: added, edited, archived and restored, never deleted."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from carriers import services
from carriers.api.fleet_serializers import (
    DriverSerializer,
    HomeBaseSerializer,
    NewTruckSerializer,
    TrailerSerializer,
    TruckSerializer,
)
from carriers.api.shown import shown_base, shown_driver, shown_trailer, shown_truck
from carriers.models import Driver, HomeBase, Trailer, Truck
from carriers.queries import (
    driver_of,
    drivers_of,
    home_base_of,
    home_bases_of,
    trailer_of,
    trailers_of,
    truck_by_external_id,
    truck_of,
    trucks_of,
)
from carriers.terms import DriverTerms, HomeBaseTerms, TrailerTerms, TruckTerms
from foundation.rest.errors import bad_parameter
from foundation.rest.postings import EXTERNAL_ID, OUTCOME
from foundation.rest.serializers import EmptySerializer, StrictSerializer
from foundation.rest.views import ResourceViewSet, location_of

ARCHIVED = OpenApiParameter(
    "archived", {"type": "boolean", "default": False}, description="true: those out of service instead."
)
_REFERENCES = ("home_base", "usual_driver", "usual_trailer", "person")


def _given(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms' fields: an absent or null reference is none."""
    found = {name: value for name, value in data.items() if name != "external_id"}
    return {name: "" if value is None and name in _REFERENCES else value for name, value in found.items()}


def _described(noun: str, serializer: type[StrictSerializer], new: type[StrictSerializer]) -> Any:
    """Return the decorator that documents a kind of unit."""
    moved: dict[str, Any] = {"request": EmptySerializer, "responses": serializer}
    return extend_schema_view(
        list=extend_schema(summary=f"List {noun}s", parameters=[ARCHIVED]),
        retrieve=extend_schema(summary=f"Show a {noun}"),
        create=extend_schema(summary=f"Add a {noun}", request=new, responses={201: serializer}),
        update=extend_schema(summary=f"Edit a {noun}"),
        archival=extend_schema(summary=f"Take a {noun} out of service", **moved),
        restoration=extend_schema(summary=f"Put a {noun} back in service", **moved),
    )


class FleetViewSet(ResourceViewSet):
    """A kind of unit; all of it is the carrier's own, so others get 404."""

    noun: ClassVar[str]
    new_serializer_class: ClassVar[type[StrictSerializer]]
    scopes = {
        "list": "trucks:read",
        "retrieve": "trucks:read",
        "create": "trucks:write",
        "update": "trucks:write",
        "by_external_id": "trucks:write",
        "archival": "trucks:write",
        "restoration": "trucks:write",
    }
    parameters = {"list": frozenset({"archived"})}
    if_match_optional = frozenset({"by_external_id", "archival", "restoration"})
    order = ("public_id",)

    @abstractmethod
    def rows(self, *, archived: bool) -> QuerySet[Any]:
        """Return the organization's units."""

    @abstractmethod
    def write(self, data: Mapping[str, Any], row: Any | None) -> Any:
        """Add a unit, or edit the row in hand."""

    def list(self, request: Request) -> Response:
        """List the units in service, or those out of it."""
        archived = request.query_params.get("archived", "false")
        if archived not in ("true", "false"):
            raise bad_parameter("archived", "invalid_choice", "archived is true or false.")
        return self.listed(self.rows(archived=archived == "true"))

    def retrieve(self, request: Request, public_id: str) -> Response:
        """Show one unit, in service or not."""
        return self.shown(self.one(self.get_object()))

    def create(self, request: Request) -> Response:
        """Add a unit."""
        row = self.write(self.body(self.new_serializer_class), None)
        return self._stored(row.public_id, status=201)

    def update(self, request: Request, public_id: str) -> Response:
        """Replace what is said of a unit; postings keep what they were made with."""
        row = self.get_object()
        self.check_if_match(self.one(row))
        serializer_class: Any = self.serializer_class
        self.write(self.body(serializer_class), row)
        return self._stored(public_id)

    @action(detail=True, methods=["post"])
    def archival(self, request: Request, public_id: str) -> Response:
        """Take a unit out of service. If-Match may be sent."""
        return self._moved("archive")

    @action(detail=True, methods=["post"])
    def restoration(self, request: Request, public_id: str) -> Response:
        """Put a unit back in service. If-Match may be sent."""
        return self._moved("restore")

    def _moved(self, verb: str) -> Response:
        self.body(EmptySerializer)
        row = self.get_object()
        self.check_if_match(self.one(row), required=False)
        move = getattr(services, f"{verb}_{self.noun}")
        version = row.version if "If-Match" in self.request.headers else None
        move(actor=self.actor, **{f"{self.noun}_id": row.public_id}, version=version)
        return self._stored(row.public_id)

    def _stored(self, public_id: str, status: int = 200) -> Response:
        location = location_of(f"{self.noun.replace('_', '-')}s", public_id) if status == 201 else ""
        return self.shown(self.one(self.find(public_id)), status=status, location=location)


@extend_schema(tags=["trucks"])
@_described("truck", TruckSerializer, NewTruckSerializer)
@extend_schema_view(
    by_external_id=extend_schema(
        summary="Add or edit a truck by your own number", responses={200: TruckSerializer, 201: TruckSerializer}
    )
)
class TruckViewSet(FleetViewSet):
    """Trucks."""

    noun = "truck"
    queryset = Truck.objects.none()
    serializer_class = TruckSerializer
    new_serializer_class = NewTruckSerializer

    def rows(self, *, archived: bool) -> QuerySet[Truck]:
        """Return the trucks."""
        return trucks_of(self.actor.organization, archived=archived)

    def find(self, public_id: str) -> Truck:
        """Return a truck."""
        return truck_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Show trucks."""
        return [shown_truck(row) for row in rows]

    def write(self, data: Mapping[str, Any], row: Truck | None) -> Truck:
        """Add or edit a truck."""
        terms = TruckTerms(**_given(data))
        if row is None:
            return services.add_truck(actor=self.actor, terms=terms, external_id=data.get("external_id", ""))
        return services.edit_truck(actor=self.actor, truck_id=row.public_id, version=row.version, terms=terms)

    @extend_schema(parameters=[EXTERNAL_ID, OUTCOME])
    @action(detail=False, methods=["put"], url_path="by-external-id/(?P<external_id>.+)")
    def by_external_id(self, request: Request, external_id: str) -> Response:
        """Let the truck with your number be so: created (201), changed or unchanged (200), as `Outcome` says.

        Without If-Match the last writer wins.
        """
        row = truck_by_external_id(self.actor.organization, external_id)
        if "If-Match" in request.headers:
            self.check_if_match({} if row is None else self.one(self.find(row.public_id)))
        version = row.version if row is not None and "If-Match" in request.headers else None
        terms = TruckTerms(**_given(self.body(TruckSerializer)))
        saved, outcome = services.upsert_truck(actor=self.actor, external_id=external_id, terms=terms, version=version)
        response = self._stored(saved.public_id, status=201 if outcome == "created" else 200)
        response["Outcome"] = outcome
        return response


@extend_schema(tags=["trailers"])
@_described("trailer", TrailerSerializer, TrailerSerializer)
class TrailerViewSet(FleetViewSet):
    """Trailers."""

    noun = "trailer"
    queryset = Trailer.objects.none()
    serializer_class = TrailerSerializer
    new_serializer_class = TrailerSerializer

    def rows(self, *, archived: bool) -> QuerySet[Trailer]:
        """Return the trailers."""
        return trailers_of(self.actor.organization, archived=archived)

    def find(self, public_id: str) -> Trailer:
        """Return a trailer."""
        return trailer_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Show trailers."""
        return [shown_trailer(row) for row in rows]

    def write(self, data: Mapping[str, Any], row: Trailer | None) -> Trailer:
        """Add or edit a trailer."""
        terms = TrailerTerms(**data)
        if row is None:
            return services.add_trailer(actor=self.actor, terms=terms)
        return services.edit_trailer(actor=self.actor, trailer_id=row.public_id, version=row.version, terms=terms)


@extend_schema(tags=["drivers"])
@_described("driver", DriverSerializer, DriverSerializer)
class DriverViewSet(FleetViewSet):
    """Drivers."""

    noun = "driver"
    queryset = Driver.objects.none()
    serializer_class = DriverSerializer
    new_serializer_class = DriverSerializer

    def rows(self, *, archived: bool) -> QuerySet[Driver]:
        """Return the drivers."""
        return drivers_of(self.actor.organization, archived=archived)

    def find(self, public_id: str) -> Driver:
        """Return a driver."""
        return driver_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Show drivers."""
        return [shown_driver(row) for row in rows]

    def write(self, data: Mapping[str, Any], row: Driver | None) -> Driver:
        """Add or edit a driver."""
        terms = DriverTerms(**_given(data))
        if row is None:
            return services.add_driver(actor=self.actor, terms=terms)
        return services.edit_driver(actor=self.actor, driver_id=row.public_id, version=row.version, terms=terms)


@extend_schema(tags=["home bases"])
@_described("home base", HomeBaseSerializer, HomeBaseSerializer)
class HomeBaseViewSet(FleetViewSet):
    """Home bases."""

    noun = "home_base"
    queryset = HomeBase.objects.none()
    serializer_class = HomeBaseSerializer
    new_serializer_class = HomeBaseSerializer

    def rows(self, *, archived: bool) -> QuerySet[HomeBase]:
        """Return the home bases."""
        return home_bases_of(self.actor.organization, archived=archived)

    def find(self, public_id: str) -> HomeBase:
        """Return a home base."""
        return home_base_of(self.actor.organization, public_id)

    def represent(self, rows: list[Any]) -> list[dict[str, Any]]:
        """Show home bases."""
        return [shown_base(row) for row in rows]

    def write(self, data: Mapping[str, Any], row: HomeBase | None) -> HomeBase:
        """Add or edit a home base."""
        terms = HomeBaseTerms(**data)
        if row is None:
            return services.add_home_base(actor=self.actor, terms=terms)
        return services.edit_home_base(actor=self.actor, home_base_id=row.public_id, version=row.version, terms=terms)
