"""Guides: a few questions, one a page, until exactly the steps that apply stand on it.

In: guides of the snapshot, proven when it was built, and answers as pieces of the address. Out: pages, fragments,
JSON. Imports http and pages. Why each state is an address: Back, sending it to a friend, printing and reading without
JavaScript then need nothing of their own, and nothing about a reader is kept anywhere.
"""
