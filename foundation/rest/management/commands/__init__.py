"""Commands of the rest room."""
