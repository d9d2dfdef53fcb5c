"""Pages and fragments of loads."""
