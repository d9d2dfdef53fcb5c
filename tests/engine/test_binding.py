"""Which rule made the driver stop."""

from matching.engine.binding import binding_rules
from matching.engine.labels import RULE_BREAK, RULE_CYCLE, RULE_DRIVE, RULE_SHIFT
from matching.engine.policy import DutyLimits
from matching.engine.timeline import timeline
from tests.engine.chains import ALWAYS, RESTED, make_chain
from tests.engine.test_hours_property import MINUTES, random_case

LIMITS = DutyLimits()


def bound(**terms) -> list[tuple[str, int]]:
    """What stops the driver, and why, in order."""
    segments = timeline(make_chain(**terms), LIMITS).segments
    rules = binding_rules(segments, terms.get("clock", RESTED), LIMITS)
    return [
        (part.kind, rule) for part, rule in zip(segments, rules, strict=True) if part.kind not in ("drive", "service")
    ]


def test_the_rules_of_the_worked_examples():
    assert bound(drives=[0, 600], stops=[(*ALWAYS, 60)]) == [("break", RULE_BREAK)]
    assert bound(drives=[0, 720], stops=[(*ALWAYS, 60)]) == [("break", RULE_BREAK), ("rest", RULE_DRIVE)]
    assert bound(drives=[0, 600], stops=[(*ALWAYS, 360)]) == [("rest", RULE_SHIFT)]
    assert bound(drives=[60, 300], stops=[(600, 10**6, 120)]) == [("off", 0)]
    assert bound(drives=[600], clock=(660, 840, 480, 240)) == [("restart", RULE_CYCLE)]


def test_a_rest_taken_early_is_bound_by_what_would_have_run_out_on_the_road():
    # 2 h of the shift left: rests at the dock, since the 14 h would be over after an hour of driving.
    assert bound(drives=[0, 180], stops=[(*ALWAYS, 60)], clock=(660, 120, 480, 4200))[0] == ("rest", RULE_SHIFT)


def test_a_shift_that_ends_during_the_break_is_the_reason_for_the_rest():
    assert bound(drives=[600], clock=(660, 500, 480, 4200)) == [("rest", RULE_SHIFT)]


def test_a_rest_that_only_passes_the_time_has_no_rule():
    # Not rested, so he cannot leave later; 12 h until the dock opens.
    assert ("rest", 0) in bound(drives=[60, 60], stops=[(780, 10**6, 60)], clock=(660, 600, 480, 4200))


def test_every_break_and_restart_has_its_rule():
    for seed in range(500):
        case = random_case(seed, MINUTES)
        segments = timeline(make_chain(**case), LIMITS).segments
        for part, rule in zip(segments, binding_rules(segments, case["clock"], LIMITS), strict=True):
            if part.kind == "break":
                assert rule & RULE_BREAK, (seed, segments)
            elif part.kind == "restart":
                assert rule, (seed, segments)
            elif part.kind not in ("rest",):
                assert rule == 0
