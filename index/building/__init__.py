"""Build: articles become a new snapshot beside the live one. The flow is `build.build`, top to bottom.

In: a content folder, the last snapshot. Out: a verified snapshot, live. Imports content, text and store.
"""
