"""API: the same answers as JSON, and the document that describes them.

In: records of `index`. Out: plain dictionaries. Imports http and pages.
"""
