"""REST of matches: the list that a desk shows, those of a load, those of a leg, and one of them."""
