"""Forms of carriers: they read what is typed; the rules stand with the services."""
