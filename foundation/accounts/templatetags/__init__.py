"""Template tags of the pages' shared parts."""
