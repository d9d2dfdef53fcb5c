"""Manners of our REST, whatever the resource: problems, cursors, ETags, idempotency, rate limits."""
