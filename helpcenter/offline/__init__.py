"""Offline: the whole help center, search and guides included, on the reader's own device.

In: the snapshot and the pages made of it. Out: `/offline.json` (what a save fetches, with hashes), the files, the
worker `/sw.js`, and the single file of `/download`. Why the server's own pages are packed and not data to render
anew: one look, and what is read offline is what was read online. Imports http, pages, guides.
"""
