"""Deeds that begin together, each in a thread and on a connection of its own."""

import threading
from collections.abc import Callable

from django.db import connections


def at_once(*deeds: Callable[[], object]) -> list[Exception]:
    """Do all deeds, begun together; return what was refused or went wrong."""
    start = threading.Barrier(len(deeds))
    failures: list[Exception] = []

    def begin(deed: Callable[[], object]) -> None:
        start.wait()
        try:
            deed()
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=begin, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
