"""Pages of carriers: return legs, the market's trucks going home, the fleet, its costs."""
