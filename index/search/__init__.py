"""Search: a snapshot answers queries.

In: a snapshot's folder, a query. Out: ranked sections, each with the layer that found it. Imports text and store; reads
no Markdown and builds nothing.
"""
