"""Pages: a request becomes one page object, and that becomes HTML by one template.

In: records of `index`. Out: pages, fragments, feeds. Imports http and store.
"""
