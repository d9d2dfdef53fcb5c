"""The demo market: a generated one that looks like the real one, seeded through the same services that people use."""
