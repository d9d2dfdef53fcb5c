"""Template tags of the pages of bargains."""
