"""Freight that needs a truck: true whether or not a truck exists."""
