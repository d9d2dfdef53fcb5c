"""Pages and fragments of matching."""
