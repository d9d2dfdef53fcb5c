"""Trucks, drivers, trips and return legs: true whether or not freight exists."""
