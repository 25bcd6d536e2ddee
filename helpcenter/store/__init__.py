"""Store: the database of what readers tell us: votes, reasons, counted searches.

In: a SQLAlchemy address. Out: `Store`, which raises `StoreUnavailable` and nothing else. Knows no page.
"""
