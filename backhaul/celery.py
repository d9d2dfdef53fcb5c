"""The Celery application: its settings are Django's, under the prefix `CELERY_`."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backhaul.settings")

app = Celery("backhaul")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect(weak=False)
def spare_what_stays(**_: Any) -> None:
    """Keep what a worker has loaded out of the garbage collector's rounds: it stays as long as the process does.

    A short task would else pay for walking over hundreds of thousands of objects that are none of its own.
    """
    gc.collect()
    gc.freeze()
