"""On board: the stops that a return leg's booked partial loads have agreed, in driving order, as the bookings tell."""

from django.db import models

from carriers.models import ReturnLeg
from loads.models import Load


class OnBoard(models.Model):
    """One agreed stop of a load that is booked on a leg which is shared; `stop_sequence` is its place in its load.

    Whoever books, amends or cancels writes them anew with what the leg has free: a pair is judged beside them.
    """

    leg = models.ForeignKey(ReturnLeg, models.CASCADE, related_name="on_board")
    load = models.ForeignKey(Load, models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()
    stop_sequence = models.PositiveSmallIntegerField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()

    class Meta:
        ordering = ["leg", "position"]
        constraints = [
            models.UniqueConstraint(fields=["leg", "position"], name="one_stop_per_place_on_board"),
        ]

    def __str__(self) -> str:
        return f"{self.leg} {self.position}"
