"""Meaning: texts become vectors, so that a section is found that says the same in other words.

In: a model (`model.onnx`, `tokenizer.json`), the sections' texts and asks; a query. Out: files of the snapshot; of a
query, how near it is to each section. Begin with `vectors.py`; `encoder.py` is the model, `bags.py` what takes its
place where there is none, `models.py` finds it, `installing.py` and `fetching.py` bring it here. docs/meaning.md says
what was measured.
"""
