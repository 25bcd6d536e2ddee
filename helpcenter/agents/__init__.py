"""Agents: the help center for programs that read and act: tools by the Model Context Protocol.

In: an engine. Out: a server with the tools `search`, `read` and `guide`. Imports the JSON shapes of api and guides, so
that a tool answers what the API answers. An extra: `pip install 'helpcenter[mcp]'`.
"""
