"""Serving: the application as processes that answer.

In: settings, the application. Out: a running server, its figures, the preview for authors.
"""
