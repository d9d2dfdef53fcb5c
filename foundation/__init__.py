"""The ground floors of the house: trade, rest, events, accounts, places."""
