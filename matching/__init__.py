"""What needs a load and a return leg: candidates, scores, matches, market rates."""
