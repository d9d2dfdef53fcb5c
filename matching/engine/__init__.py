"""The matching engine: arrays in, arrays out; no Django, no clock, no I/O, no global state.

Minutes are whole minutes since 1970-01-01T00:00Z (UTC), miles are statute miles rounded to tenths, money is whole
cents, points are degrees (WGS84).
"""
