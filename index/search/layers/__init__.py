"""The layers: the ways to find a section, each an object in a list.

In: a query and its ranking. Out: `LAYERS`, best first. A section is labelled by the first layer in the list that found
it, unless a guess put the query right. A new layer is a file beside these and an entry here: docs/adding-a-layer.md.
"""

from index.search.layers.contract import Asked, Finding, Layer
from index.search.layers.meaning import Meaning
from index.search.layers.pinyin import Pinyin
from index.search.layers.similar import Similar
from index.search.layers.substring import Substring
from index.search.layers.words import Words

LAYERS: tuple[Layer, ...] = (Words(), Substring(), Pinyin(), Similar(), Meaning())

__all__ = ["LAYERS", "Asked", "Finding", "Layer"]
