"""HTTP: what all pages share on the way in and out: caching, htmx, headers, the mirror, signed forms.

In: requests and responses. Out: the same, kept, compressed, guarded. Knows no page.
"""
