"""Text: one pipeline for indexing, asking and marking: fold, then cut into words.

In: any text. Out: folded text of the same length, words. What operators teach it: tuning.py.
Why one room: a query that is cut otherwise than the index was misses words.
"""
