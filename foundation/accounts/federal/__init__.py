"""What the federal registry (FMCSA) says of a USDOT number: asked on a queue of its own, never in a request's path."""
