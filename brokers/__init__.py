"""What a person chose: the desk, claims, offers, bookings."""
