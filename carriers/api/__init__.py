"""REST of carriers: trucks, trailers, drivers, home bases, costs, and return legs."""
