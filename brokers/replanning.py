"""A tour planned anew: the same truck, crew, leg and start, with other loads or other times."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from brokers.models import Tour
from brokers.terms import StopTime
from brokers.touring import PlannedTour, plan_tour, start_of
from loads.models import Load


def plan_anew(
    tour: Tour,
    loads: Sequence[Load],
    *,
    now: datetime,
    times: Mapping[int, Sequence[StopTime]],
    fits: Callable[[PlannedTour], None] | None = None,
) -> PlannedTour:
    """Return the engine's plan of a stored tour with these loads on it, at its own start and with its own crew.

    `times`, `fits` and what is raised are those of `plan_tour`; what `fits` says of a way home is raised as well.
    """
    plan = plan_tour(
        organization=tour.organization,
        truck=tour.truck,
        trailer=tour.trailer,
        driver=tour.driver,
        leg=tour.leg,
        loads=loads,
        home_base=None,
        now=now,
        times=times,
        standing=start_of(tour, now) if tour.leg is None else None,
        crew_is_fixed=True,
        fits=fits,
    )
    if tour.leg is not None and fits is not None:
        fits(plan)
    return plan
