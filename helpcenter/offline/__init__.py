"""Offline: the whole help center, search and guides included, on the reader's own device.

In: the snapshot and the server's templates. Out: `/offline.json` (what a save fetches, with hashes), the files, the
worker `/sw.js`, and the single file of `/download`. Why records and the server's own templates, from which
`static/pocket/` makes the pages anew: one look at a third of the weight, and a warning of the day it is read. Imports
http, pages, guides.
"""
