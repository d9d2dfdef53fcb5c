"""The Django commands behind `backhaul`."""
