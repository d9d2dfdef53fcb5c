"""REST of loads: post, list, show, edit, open, withdraw, confirm, upsert by a TMS's own number, bulk."""
