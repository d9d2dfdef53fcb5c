"""Hours of service: the examples of the trade, each rule alone, and the choices."""

import numpy as np
import pytest

from matching.engine.hours import fill_clock, plan
from matching.engine.labels import RULE_BREAK, RULE_CYCLE, RULE_DRIVE, RULE_SHIFT
from matching.engine.policy import DutyLimits
from matching.engine.timeline import timeline
from tests.engine.chains import ALWAYS, RESTED, make_chain, make_chains

LIMITS = DutyLimits()
HOUR = 60


def finish(**terms) -> int:
    plans = plan(make_chain(**terms), LIMITS)
    assert plans.feasible[0]
    return int(plans.arrive_at[0])


def test_500_miles_after_an_hour_of_loading_take_eleven_and_a_half_hours():
    # 1 load + 8 + 0.5 break + 2
    assert finish(drives=[0, 600], stops=[(*ALWAYS, 60)]) == 11.5 * HOUR


def test_600_miles_after_an_hour_of_loading_need_a_rest():
    # 1 + 8 + 0.5 + 3, 10 off, 1
    assert finish(drives=[0, 720], stops=[(*ALWAYS, 60)]) == 23.5 * HOUR


def test_500_miles_after_five_hours_of_detention_meet_the_fourteenth_hour():
    # 1 + 5 on duty, 8 of driving to the 14 h wall, 10 off, 2
    assert finish(drives=[0, 600], stops=[(*ALWAYS, 360)]) == 26 * HOUR


def test_leaving_later_beats_waiting_at_the_dock():
    # Deadhead 1 h, pickup opens at t0 + 10 h, 2 h of loading, 5 h of driving: leaves at t0 + 9 h.
    chain = make_chain(drives=[60, 300], stops=[(600, 10**6, 120)])
    assert plan(chain, LIMITS).arrive_at[0] == 17 * HOUR
    day = timeline(chain, LIMITS)
    assert [(part.kind, part.start_at, part.end_at) for part in day.segments] == [
        ("off", 0, 540),
        ("drive", 540, 600),
        ("service", 600, 720),
        ("drive", 720, 1020),
    ]


def test_a_driver_who_is_not_rested_cannot_leave_later():
    # The same with 10 h of the shift left: at t0 + 10 h the shift is over, so he rests on arrival until t0 + 11 h.
    assert finish(drives=[60, 300], stops=[(600, 10**6, 120)], clock=(660, 600, 480, 4200)) == (11 + 2 + 5) * HOUR


def test_a_wait_of_ten_hours_is_a_rest():
    # 10 h of driving with a break, 10 h until the opening, 1 h of service, 11 h with a break.
    chain = make_chain(drives=[600, 660], stops=[(1230, 10**6, 60)])
    assert plan(chain, LIMITS).arrive_at[0] == 1230 + 60 + 660 + 30
    assert "rest" in [part.kind for part in timeline(chain, LIMITS).segments]


def test_loading_for_thirty_minutes_is_a_break_and_for_twenty_is_not():
    assert finish(drives=[470, 60], stops=[(*ALWAYS, 30)]) == 470 + 30 + 60
    # 20 + 10 idle minutes at the dock are shorter than 20 there and 30 on the road.
    assert finish(drives=[470, 60], stops=[(*ALWAYS, 20)]) == 470 + 30 + 60
    assert finish(drives=[470, 10], stops=[(*ALWAYS, 20)]) == 470 + 20 + 10


def test_stops_at_one_place_make_a_break_together():
    assert finish(drives=[470, 0, 60], stops=[(*ALWAYS, 20), (*ALWAYS, 20)]) == 470 + 40 + 60
    # 10 + 10 + 10 idle minutes, and no 30 on the road.
    assert finish(drives=[470, 0, 60], stops=[(*ALWAYS, 10), (*ALWAYS, 10)]) == 470 + 30 + 60
    # Driving in between ends the pause.
    assert finish(drives=[470, 1, 60], stops=[(*ALWAYS, 20), (*ALWAYS, 20)]) == 470 + 20 + 1 + 30 + 60


def test_a_shift_that_would_end_during_the_break_ends_there():
    # 20 min of shift left after 8 h of driving: 10 h off at once, not 30 min and then 10 h.
    assert finish(drives=[600], clock=(660, 500, 480, 4200)) == 480 + 600 + 120


def test_service_may_go_on_after_the_fourteenth_hour():
    assert finish(drives=[60, 0], stops=[(*ALWAYS, 900)]) == 960


def test_an_exhausted_cycle_means_the_restart():
    assert finish(drives=[600], clock=(660, 840, 480, 240)) == 240 + 2040 + 360
    assert finish(drives=[600], clock=(660, 840, 480, 0)) == 2040 + 480 + 30 + 120


def test_a_rest_becomes_the_restart_where_that_is_sooner():
    # 11 h driven, 4 h of cycle left, 6 h to go: 34 h off at once beats 10 h off, 4 h, 34 h off, 2 h.
    assert finish(drives=[1020], clock=(660, 840, 480, 900)) == 660 + 30 + 2040 + 360


def test_the_rules_that_stopped_the_driver_are_named():
    def rules(**terms) -> int:
        return int(plan(make_chain(**terms), LIMITS).rules[0])

    assert rules(drives=[480]) == 0
    assert rules(drives=[481]) == RULE_BREAK
    assert rules(drives=[661]) == RULE_BREAK | RULE_DRIVE
    assert rules(drives=[0, 600], stops=[(*ALWAYS, 360)]) == RULE_SHIFT
    assert rules(drives=[300], clock=(660, 840, 480, 240)) == RULE_CYCLE


def test_a_missed_window_says_how_late_with_rules_and_without():
    # 12 h of driving: 11 + 0.5 + 10 + 1 = 22.5 h; the dock closes at 13 h.
    plans = plan(make_chain(drives=[720, 0], stops=[(0, 780, 60)]), LIMITS)
    assert (plans.late_at[0], plans.arrive_at[0], plans.late_minutes[0]) == (0, 1350, 570)
    assert plans.late_without_rules[0] == 0
    plans = plan(make_chain(drives=[720, 0], stops=[(0, 700, 60)]), LIMITS)
    assert (plans.late_minutes[0], plans.late_without_rules[0]) == (650, 20)


def test_an_appointment_to_the_minute_can_be_kept():
    assert finish(drives=[60, 0], stops=[(60, 60, 30)]) == 90
    assert not plan(make_chain(drives=[61, 0], stops=[(60, 60, 30)]), LIMITS).feasible[0]


def test_home_by_holds_to_the_minute():
    assert plan(make_chain(drives=[500], finish_by=530), LIMITS).feasible[0]
    late = plan(make_chain(drives=[500], finish_by=529), LIMITS)
    assert (late.late_at[0], late.late_minutes[0]) == (0, 1)


def test_chains_of_different_lengths_are_planned_together_as_alone():
    chains = [
        make_chain(drives=[600]),
        make_chain(drives=[60, 300], stops=[(600, 10**6, 120)]),
        make_chain(drives=[60, 60, 700, 30], stops=[(0, 500, 60), (300, 900, 20), (2000, 2400, 120)], finish_by=2200),
        make_chain(drives=[900, 60], stops=[(0, 800, 60)]),
    ]
    together = plan(make_chains(*chains), LIMITS)
    for row, chain in enumerate(chains):
        alone = plan(chain, LIMITS)
        for name in ("late_at", "arrive_at", "late_minutes", "rules", "wait_minutes", "first_service_at"):
            assert getattr(together, name)[row] == getattr(alone, name)[0], (row, name)


def test_without_rules_the_driver_never_rests():
    plans = plan(make_chain(drives=[720, 720], stops=[(800, 900, 60)]), None)
    assert (plans.arrive_at[0], plans.wait_minutes[0]) == (800 + 60 + 720, 80)


def test_an_unknown_clock_is_full_and_a_known_one_bounds_the_unknown():
    unknown = np.array([np.nan, np.nan, 300.0])
    drive = np.array([np.nan, 300.0, np.nan])
    clock = fill_clock(drive, np.array([np.nan, np.nan, 400.0]), unknown, np.full(3, np.nan), LIMITS)
    assert clock[0].tolist() == list(RESTED)
    assert clock[1].tolist() == [300, 480, 480, 4200]
    assert clock[2].tolist() == [400, 400, 300, 4200]


def test_no_chain_at_all_is_planned():
    chain = make_chain(drives=[10])
    empty = type(chain)(**{name: getattr(chain, name)[:0] for name in chain.__dataclass_fields__})
    assert len(plan(empty, LIMITS).arrive_at) == 0


@pytest.mark.parametrize("limits", [LIMITS, None])
def test_a_time_line_is_of_one_chain(limits):
    with pytest.raises(ValueError, match="one chain"):
        timeline(make_chains(make_chain(drives=[1]), make_chain(drives=[1])), limits)
