"""Filters of the list of threads: only over what a side of one sees."""

from django_filters import CharFilter, FilterSet

from brokers.models import Thread, ThreadStatus
from foundation.rest.filters import ChoicesFilter, InstantFilter


class ThreadFilter(FilterSet):  # type: ignore[misc]
    """What a list of threads can be narrowed by."""

    status = ChoicesFilter(choices=ThreadStatus.choices)
    kind = ChoicesFilter(choices=Thread.Kind.choices)
    load = CharFilter(field_name="load__public_id", max_length=40, help_text="The id of a load.")
    leg = CharFilter(field_name="leg__public_id", max_length=40, help_text="The id of a return leg.")
    moved_after = InstantFilter(field_name="moved_at", lookup_expr="gt", help_text="Something happened since then.")

    class Meta:
        """The filters are all declared above."""

        model = Thread
        fields: list[str] = []
