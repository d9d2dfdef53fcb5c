"""Turns words into coordinates, and two coordinates into road miles and hours."""
