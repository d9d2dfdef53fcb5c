"""Runs a whole installation as one program: prepares it, starts its processes, restarts what dies, stops everything."""
