"""Content: a folder of Markdown becomes articles; authors hear what is wrong with it.

In: files. Out: `Article` records with sanitised HTML and the text a reader sees, and problems as `file:line`.
Imports nothing of the other rooms but the records of `index.model`.
"""
