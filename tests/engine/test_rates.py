"""The rate model: the default table, the fit against its slow twin, thresholds, bands, and who cannot move it."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from matching.engine import rates
from matching.engine.rates import Observations, RateTable, Sample, differs, fit, table_from
from tests.engine import reference_rates as slow

DEFAULT = RateTable()
SAMPLE = Sample(bookings=0, window_days=90, oldest="2026-08-24", newest="2026-11-21", fitted_on="2026-11-22")


def draw(
    count,
    seed=1,
    *,
    level=1.0,
    spread=0.15,
    carriers=40,
    shippers=25,
    sellers=10,
    codes=("V", "V", "VR", "R", "F", "SD"),
):
    """Draw bookings round the default table times `level`."""
    random = np.random.default_rng(seed)
    code = [str(each) for each in random.choice(codes, count)]
    miles = np.round(random.uniform(70, 1500, count), 1)
    # every twentieth distance on a knot or in the middle between two
    miles[::20] = random.choice([75.0, 100.0, 150.0, 225.0, 300.0, 450.0, 600.0, 900.0, 1200.0], miles[::20].size)
    estimate = DEFAULT.estimate_cents(code, miles)
    return Observations(
        codes=code,
        miles=miles,
        cents=np.floor(estimate * level * np.exp(random.normal(0, spread, count))).astype(np.int64),
        carrier=random.integers(0, carriers, count),
        shipper=random.integers(100, 100 + shippers, count),
        seller=np.where(
            random.random(count) < 0.5,
            random.integers(100, 100 + shippers, count),
            random.integers(200, 200 + sellers, count),
        ),
    )


def joined(*parts):
    return Observations(
        codes=[code for part in parts for code in part.codes],
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("miles", "cents", "carrier", "shipper", "seller")
        },
    )


def fitted(observations):
    return fit(observations, DEFAULT, version="observed-1", sample=SAMPLE)


def test_the_default_table_is_linear_between_its_distances_and_never_below_the_least_rate():
    codes, miles = ["V", "V", "R", "SD", "V", "V"], np.array([470.0, 2000.0, 600.0, 150.0, 10.0, 0.0])
    # 244.5 c x 470; 200 c x 2,000; 265 c x 600; 400 c x 150; the least; the least
    assert DEFAULT.estimate_cents(codes, miles).tolist() == [114_915, 400_000, 159_000, 60_000, 35_000, 35_000]
    low, high = DEFAULT.band_cents(["V"], np.array([114_915]))
    assert (low[0], high[0]) == (86_186, 143_644)
    assert not DEFAULT.is_observed
    assert DEFAULT.account(1, 2)["sample"] is None


@pytest.mark.parametrize("seed", range(6))
def test_the_fit_is_that_of_its_slow_twin(seed):
    few = {0: (8, 12, 9), 1: (14, 9, 12), 2: (200, 150, 40)}.get(seed, (40, 25, 10))
    drawn = draw(230, seed, level=0.8 + seed / 10, spread=0.05 + seed / 20, carriers=few[0], shippers=few[1])
    if seed > 3:  # somebody is busy beyond his share
        busy = np.arange(230) % 3 == 0
        drawn = replace(drawn, carrier=np.where(busy, 7, drawn.carrier))
    table = fitted(drawn)
    assert table is not None
    bookings = slow.bookings_of(drawn, DEFAULT)
    expected = slow.knots_of(bookings, DEFAULT)
    for row, knots in table.cents_per_mile.items():
        assert knots == pytest.approx(expected[row], abs=0.5 + 1e-6), row
        assert (table.below_percent[row], table.above_percent[row]) == slow.band_of(bookings, DEFAULT, row)


@pytest.mark.parametrize("seed", range(40))
def test_no_organization_counts_for_more_than_a_fifth(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 60))
    parties = np.stack([random.zipf(1.6, n) % 9, 20 + random.zipf(1.5, n) % 7, 20 + random.integers(0, 9, n)], axis=1)
    counts = rates.weights(parties.astype(np.int64))
    assert counts.tolist() == pytest.approx(slow.weights([frozenset(row) for row in parties.tolist()]), abs=1e-6)
    total = counts.sum()
    for organization in np.unique(parties):
        assert counts[(parties == organization).any(axis=1)].sum() <= 0.2 * total + 1e-6
    assert (counts <= 1).all()


def test_four_organizations_tell_nothing_and_five_do():
    four, five = np.arange(8)[:, None] % 4, np.arange(10)[:, None] % 5
    assert rates.weights(four).tolist() == [0.0] * 8
    assert rates.weights(five).tolist() == [1.0] * 10
    assert rates.weights(np.zeros((0, 3), dtype=np.int64)).tolist() == []


def test_below_200_bookings_the_default_table_serves_and_from_200_on_the_observed_one():
    drawn = draw(200)
    assert fitted(drawn.take(np.arange(200) < 199)) is None
    table = fitted(drawn)
    assert table is not None
    assert table.is_observed
    assert table.sample == replace(SAMPLE, bookings=200)
    assert table.version == "observed-1"
    assert fitted(drawn.take(np.zeros(200, dtype=np.bool_))) is None


def test_a_haul_so_short_that_the_least_rate_serves_it_is_not_counted():
    drawn = draw(200, codes=("V",))
    miles = drawn.miles.copy()
    miles[0] = 58.0  # 58 mi x 592 c is $343.50, below the least of $350
    assert fitted(replace(drawn, miles=miles)) is None
    miles[0] = 60.0  # 60 x 574 c = $344.40 still; 62 x 568.8 = $352.66
    assert fitted(replace(drawn, miles=miles)) is None
    miles[0] = 62.0
    assert fitted(replace(drawn, miles=miles)) is not None


def test_two_hundred_bookings_of_four_carriers_are_no_market():
    assert fitted(draw(400, carriers=4)) is None


def test_a_market_a_fifth_dearer_is_found_and_rows_nobody_booked_follow_the_market():
    table = fitted(draw(3000, level=1.2, codes=("V", "R")))
    for row, knots in table.cents_per_mile.items():
        for knot, default in zip(knots[1:], DEFAULT.cents_per_mile[row][1:], strict=True):
            assert knot / default == pytest.approx(1.2, abs=0.04), row


def test_equipment_that_pays_otherwise_is_told_apart():
    table = fitted(joined(draw(1500, 1, level=1.0, codes=("V",)), draw(1500, 2, level=1.5, codes=("F",))))
    assert table.cents_per_mile["V"][3] / 225 == pytest.approx(1.0, abs=0.04)
    assert table.cents_per_mile["F"][3] / 275 == pytest.approx(1.5, abs=0.06)


def test_the_band_holds_four_of_five_bookings_that_the_fit_has_not_seen():
    for spread in (0.02, 0.15, 0.3):
        table = fitted(draw(600, 3, spread=spread))
        later = draw(4000, 4, spread=spread)
        estimate = table.estimate_cents(later.codes, later.miles)
        low, high = table.band_cents(later.codes, estimate)
        inside = np.mean((later.cents >= low) & (later.cents <= high))
        assert 0.76 <= inside <= (1.0 if spread < 0.05 else 0.88), spread
    assert min(*fitted(draw(600, 3, spread=0.001)).above_percent.values()) == 5.0


POISON = [(1.35, 200), (1.35, 2000), (10.0, 2000), (0.05, 2000), (1.2, 60)]


@pytest.mark.parametrize(("level", "count"), POISON)
def test_one_carrier_and_shipper_cannot_move_the_model(level, count):
    honest = draw(400, 5)
    before = fitted(honest)
    pair = draw(count, 6, level=level, spread=0.01)
    both = np.full(count, 999)
    poison = replace(pair, carrier=both, shipper=both + 1, seller=both + 1)
    after = fitted(joined(honest, poison))
    miles = np.linspace(100, 1500, 30)
    for code in ("V", "R", "F"):
        moved = after.estimate_cents([code] * 30, miles) / before.estimate_cents([code] * 30, miles)
        assert np.abs(moved - 1).max() < 0.10, (code, level)


def test_without_the_cap_the_same_pair_would_move_it(monkeypatch):
    monkeypatch.setattr(rates, "weights", lambda parties: np.ones(parties.shape[0]))
    honest = draw(400, 5)
    before = fitted(honest)
    poison = replace(
        draw(2000, 6, level=1.35, spread=0.01), **dict.fromkeys(("carrier", "shipper", "seller"), np.full(2000, 999))
    )
    after = fitted(joined(honest, poison))
    miles = np.linspace(100, 1500, 30)
    assert (after.estimate_cents(["V"] * 30, miles) / before.estimate_cents(["V"] * 30, miles)).max() > 1.25


def test_the_order_of_bookings_and_the_names_of_organizations_do_not_matter_to_the_figures():
    drawn = draw(300, 7)
    turned = Observations(
        codes=drawn.codes[::-1],
        **{name: getattr(drawn, name)[::-1] for name in ("miles", "cents", "carrier", "shipper", "seller")},
    )
    assert fitted(turned) == fitted(drawn)
    assert fitted(drawn.take(np.ones(300, dtype=np.bool_))) == fitted(drawn)


def test_a_table_is_the_same_after_a_way_through_json():
    table = fitted(draw(300))
    assert table_from(json.loads(json.dumps(asdict(table)))) == table
    assert table_from(json.loads(json.dumps(asdict(DEFAULT)))) == DEFAULT


def test_only_a_change_of_more_than_2_percent_anywhere_is_a_change():
    table = fitted(draw(300))

    def with_knot(cents):
        return replace(table, cents_per_mile={**table.cents_per_mile, "R": (*table.cents_per_mile["R"][:-1], cents)})

    last = table.cents_per_mile["R"][-1]
    assert not differs(table, table)
    assert not differs(with_knot(last * 1.02), table)
    assert differs(with_knot(last * 1.021), table)
    assert differs(with_knot(last * 0.979), table)
    assert differs(table, DEFAULT)
    assert differs(DEFAULT, table)
    wider = {row: percent + 5 for row, percent in table.above_percent.items()}
    assert not differs(replace(table, above_percent=wider), table)
    assert differs(replace(table, above_percent={**wider, "F": wider["F"] + 1}), table)


@pytest.mark.parametrize("cents", [0, 1, 10**11])
def test_absurd_rates_raise_no_warning(cents):
    drawn = draw(260)
    table = fitted(replace(drawn, cents=np.where(np.arange(260) < 40, cents, drawn.cents)))
    assert table is not None
    assert all(np.isfinite(knots).all() and min(knots) >= 1 for knots in table.cents_per_mile.values())
