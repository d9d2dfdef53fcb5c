"""Forms of claims, offers and bookings: what a page asks, read as the services want it."""
