"""Template tags for words of the trade."""
