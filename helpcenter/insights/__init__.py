"""Insights: what readers search, what fails, and a fix proposed and tried out.

In: counted searches. Out: figures for operators, edits of `content/_search/`. Imports http, store, pages and feedback.
"""
