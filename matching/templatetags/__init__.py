"""Template tags for figures of matches."""
