"""Service at a stop: what becomes of each label from its arrival until it may drive on."""

from dataclasses import dataclass

import numpy as np

from matching.engine import labels as lab
from matching.engine.columns import Ints
from matching.engine.labels import Labels, Trace
from matching.engine.policy import DutyLimits


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The stop at one position of every chain: window and service in minutes, each of shape (chains,)."""

    position: int
    opens_at: Ints
    closes_at: Ints
    service_minutes: Ints


def serve(labels: Labels, window: Window, need: Ints, limits: DutyLimits, trace: Trace | None) -> Labels:
    """Return the labels after a stop; those that come too late are left out.

    Each is served on arrival, or stays until its idle minutes make a break, or rests first; and each of these rests
    afterwards or not. `need`: as in `labels.with_rests`, the service here included.
    """
    labels = labels[:, labels[lab.TIME] <= window.closes_at[labels[lab.OWNER]]]
    if not labels.shape[1]:
        return labels
    served = [_on_arrival(labels, window, limits, trace)]
    short = labels[lab.IDLE] + window.service_minutes[labels[lab.OWNER]] < limits.break_minutes
    if short.any():
        served.append(_until_a_break(labels[:, short], window, limits, trace))
    served.append(_after_off(labels, limits.rest_minutes, window, limits, trace))
    scarce = labels[lab.CYCLE] < need[labels[lab.OWNER]]
    if scarce.any():
        served.append(_after_off(labels[:, scarce], limits.restart_minutes, window, limits, trace))
    return lab.join(lab.with_rests(lab.join(served), need, limits, trace))


def _on_arrival(labels: Labels, window: Window, limits: DutyLimits, trace: Trace | None) -> Labels:
    """Serve as soon as the stop opens. A wait is first turned into a later departure, as far as that is free."""
    after = labels.copy()
    owner, arrive, shift = after[lab.OWNER], after[lab.TIME], after[lab.SHIFT]
    service = window.service_minutes[owner]
    begin = np.maximum(arrive, window.opens_at[owner])
    later = np.minimum(begin - arrive, after[lab.LATEST] - arrive - shift)
    wait = begin - arrive - later
    first = arrive + later
    after[lab.LATEST] = np.minimum(after[lab.LATEST], window.closes_at[owner] + shift - wait)
    after[lab.BREAK] = np.where(
        after[lab.IDLE] + wait + service >= limits.break_minutes, limits.drive_minutes_before_break, after[lab.BREAK]
    )
    _spend(after, wait + service, begin + service, wait)
    _note_first(after, window.position, first, later)
    if trace is not None:
        trace.add(after, "delay", later)
        trace.add(after, "stop", window.position)
    # A wait as long as a rest is a rest: `_after_off` has that.
    return after[:, wait < limits.rest_minutes]


def _until_a_break(labels: Labels, window: Window, limits: DutyLimits, trace: Trace | None) -> Labels:
    """Serve, and stay until all idle minutes here make a break: shorter than to stop again on the road."""
    after = labels.copy()
    owner, arrive, shift = after[lab.OWNER], after[lab.TIME], after[lab.SHIFT]
    service = window.service_minutes[owner]
    served = np.maximum(arrive, window.opens_at[owner]) + service
    needed = limits.break_minutes - after[lab.IDLE]
    depart = np.maximum(served, arrive + needed)
    later = np.minimum(depart - arrive - needed, after[lab.LATEST] - arrive - shift)
    here = depart - arrive - later
    first = arrive + later
    after[lab.LATEST] = np.minimum(after[lab.LATEST], window.closes_at[owner] + shift)
    after[lab.BREAK] = limits.drive_minutes_before_break
    _spend(after, here, depart, here - service)
    _note_first(after, window.position, first, later)
    if trace is not None:
        trace.add(after, "delay", later)
        trace.add(after, "stop until break", window.position)
    return after[:, here - service < limits.rest_minutes]


def _after_off(labels: Labels, minutes: int, window: Window, limits: DutyLimits, trace: Trace | None) -> Labels:
    """Go off duty on arrival for so long and on until the opening, then serve; only where that makes the window."""
    owner = labels[lab.OWNER]
    begin = np.maximum(labels[lab.TIME] + minutes, window.opens_at[owner])
    in_time = begin <= window.closes_at[owner]
    after, begin, owner = labels[:, in_time], begin[in_time], owner[in_time]
    service = window.service_minutes[owner]
    arrive = after[lab.TIME].copy()
    lab.refresh(after, limits)
    after[lab.CYCLE] = np.where(
        begin - arrive >= limits.restart_minutes, np.maximum(limits.cycle_minutes, after[lab.CYCLE]), after[lab.CYCLE]
    )
    after[lab.LATEST] = window.closes_at[owner] + limits.shift_minutes
    _spend(after, service, begin + service, np.zeros_like(begin))
    _note_first(after, window.position, begin, np.zeros_like(begin))
    if trace is not None:
        trace.add(after, "off on arrival", begin - arrive)
        trace.add(after, "stop", window.position)
    return after


def _spend(labels: Labels, on_duty: Ints, until: Ints, wait: Ints) -> None:
    labels[lab.TIME] = until
    labels[lab.SHIFT] -= on_duty
    labels[lab.CYCLE] -= on_duty
    labels[lab.WAITED] += wait
    labels[lab.IDLE] += on_duty


def _note_first(labels: Labels, position: int, first: Ints, later: Ints) -> None:
    """Keep the service at the first stop up to date: it moves with a departure that is put off afterwards."""
    if position == 0:
        labels[lab.FIRST] = first
        labels[lab.IN_FIRST_SHIFT] = 1
    else:
        labels[lab.FIRST] += np.where(labels[lab.IN_FIRST_SHIFT] == 1, later, 0)
