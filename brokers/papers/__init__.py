"""Papers of a booking: what a rate confirmation says, and the document made of it."""
