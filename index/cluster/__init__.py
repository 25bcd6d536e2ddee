"""The cluster: the same answers as our own arrays give, ranked and counted by OpenSearch.

In: a built snapshot, the address of a cluster. Out: an index in the cluster for that snapshot, verified (`filling.py`);
an engine that asks it (`opening.py`). Words, sounds and texts stay in the snapshot beside the process that answers, so
parsing, layers, guesses, snippets and pages are those of `index/search`; only postings are asked for over the network.
"""
