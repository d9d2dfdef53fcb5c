"""The engine on files: matching and duty days from exports, without settings, a server or a database."""
