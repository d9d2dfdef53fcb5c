"""Words of the trade as pure values: equipment, money, windows, terms, public ids, the counted status change."""
