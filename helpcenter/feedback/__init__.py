"""Feedback: whether an article helped, and why not.

In: votes and reasons of readers. Out: rows in the store, a thank-you in place. Imports http, store and pages.
"""
