"""The network plan: the best that all open legs and loads can do together, with a proof of how good it is.

`plan_market` (in `market`) is the whole: feasible pairs, chains of loads, the choice, and what it is compared with.
"""
