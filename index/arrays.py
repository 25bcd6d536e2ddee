"""Arrays: the types of the numpy arrays that pass between files.

In: nothing. Out: names for type hints, so that they say what an array holds and mypy checks its element type.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

I8 = NDArray[np.int8]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

Numbers = NDArray[np.int64]
"""Numbers of sections, or places in another array."""
Unsigned = NDArray[np.unsignedinteger[Any]]
"""Section or word numbers as they lie on disk: as small as `inverting.narrow` says."""
Integers = NDArray[np.integer[Any]]
"""`Numbers` or `Unsigned`."""
Scores = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
"""One boolean for each element of another array; of filters, one for each section."""
