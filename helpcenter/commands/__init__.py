"""The commands, one file for each kind of user: building, authoring, asking, serving.

In: options. Out: text; a `click.ClickException` with a Chinese message where something is missing or wrong.
Why no import of `index`, Flask or granian at the top of these files: loading them takes most of a second.
"""
