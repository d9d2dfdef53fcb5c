"""Set-up steps as a person reads them: what is being done, how far it is, how long it took."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

WIDTH = 46
QUIET_SECONDS = 5.0  # between progress lines where the output is not a terminal

Report = Callable[[str], None]


class Steps:
    """Prints each step on a line of its own; on a terminal the line moves while the step runs."""

    def __init__(self, out: TextIO | None = None) -> None:
        """Print to `out`, the standard output by default."""
        self.out = out or sys.stdout
        self.moving = self.out.isatty()

    def say(self, text: str = "") -> None:
        """Print a line."""
        self.out.write(text + "\n")
        self.out.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[Report]:
        """Time a step. The step calls what it is given with words that say how far it is; the last ones stay."""
        began = shown = time.monotonic()
        words = ""

        def report(progress: str) -> None:
            nonlocal words, shown
            words = progress
            if self.moving:
                self.out.write(f"\r\x1b[K  … {_label(name, words)}")
                self.out.flush()
            elif time.monotonic() - shown >= QUIET_SECONDS:
                shown = time.monotonic()
                self.say(f"  … {_label(name, words)} {shown - began:6.1f} s")

        if self.moving:
            report("")
        try:
            yield report
        except BaseException:
            self._finish("✗", name, words, began)
            raise
        self._finish("✓", name, words, began)

    def _finish(self, mark: str, name: str, words: str, began: float) -> None:
        if self.moving:
            self.out.write("\r\x1b[K")
        self.say(f"  {mark} {_label(name, words):<{WIDTH}} {time.monotonic() - began:6.1f} s")


def _label(name: str, words: str) -> str:
    return f"{name}: {words}" if words else name
