"""Store: how a snapshot lies on disk, and how it is switched to.

In: arrays, texts, records. Out: files with checksums in a folder of their own, and the pointer to the live one.
Knows neither how the arrays were made (build) nor what they are asked for (search).
"""
