"""Who this is and what they may do: organizations, people, roles, keys, standing relationships."""
