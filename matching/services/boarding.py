"""What bookings tell matching of a return leg that is shared: whose stops are on board, in which order and when."""

from collections.abc import Sequence

from carriers.models import ReturnLeg
from matching.beside import Stop, on_board_of
from matching.models import OnBoard


def note_on_board(*, leg: ReturnLeg, stops: Sequence[Stop]) -> bool:
    """Keep the agreed stops of what is booked on a locked leg, in driving order; say whether they are others than
    before.
    """
    before = on_board_of(leg.pk)
    if before == list(stops):
        return False
    if before:
        OnBoard.objects.filter(leg=leg).delete()
    OnBoard.objects.bulk_create(
        OnBoard(leg=leg, load_id=load, position=position, stop_sequence=sequence, opens_at=opens, closes_at=closes)
        for position, (load, sequence, opens, closes) in enumerate(stops)
    )
    return True
