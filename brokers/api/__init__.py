"""REST of brokers: decisions about matches, and proposals."""
