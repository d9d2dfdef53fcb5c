"""Duty chains for the tests of hours."""

from collections.abc import Sequence

import numpy as np

from matching.engine.hours import NO_DEADLINE, Chains

RESTED = (660, 840, 480, 4200)
ALWAYS = (-(10**7), 10**7)

Stop = tuple[int, int, int]
"""Opens at, closes at, service minutes."""


def make_chains(*chains: Chains) -> Chains:
    """Return several chains as one batch."""
    width = max(chain.opens_at.shape[1] for chain in chains)

    def padded(columns: list[np.ndarray], size: int) -> np.ndarray:
        return np.concatenate([np.pad(column, ((0, 0), (0, size - column.shape[1]))) for column in columns])

    return Chains(
        start_at=np.concatenate([chain.start_at for chain in chains]),
        stops=np.concatenate([chain.stops for chain in chains]),
        drive_minutes=padded([chain.drive_minutes for chain in chains], width + 1),
        opens_at=padded([chain.opens_at for chain in chains], width),
        closes_at=padded([chain.closes_at for chain in chains], width),
        service_minutes=padded([chain.service_minutes for chain in chains], width),
        clock=np.concatenate([chain.clock for chain in chains]),
        finish_by=np.concatenate([chain.finish_by for chain in chains]),
    )


def make_chain(
    *,
    drives: Sequence[int],
    stops: Sequence[Stop] = (),
    start_at: int = 0,
    clock: Sequence[int] = RESTED,
    finish_by: int = NO_DEADLINE,
) -> Chains:
    """Return one chain: drive, stop, drive, stop, ..., drive."""
    assert len(drives) == len(stops) + 1
    table = np.array(stops, dtype=np.int64).reshape(len(stops), 3)
    return Chains(
        start_at=np.array([start_at]),
        stops=np.array([len(stops)]),
        drive_minutes=np.array([drives], dtype=np.int64),
        opens_at=table[:, 0][None, :],
        closes_at=table[:, 1][None, :],
        service_minutes=table[:, 2][None, :],
        clock=np.array([clock], dtype=np.int64),
        finish_by=np.array([finish_by]),
    )
