"""What a worker does for places: it reads them before its pool forks."""

from typing import Any

from celery.signals import worker_init

from foundation.places.services import warm_up


@worker_init.connect(weak=False)
def warm_up_worker(**_: Any) -> None:
    """Read gazetteer and roads once, so that the pool's processes share them and none of their first tasks is slow."""
    warm_up()
