"""Imported before numpy: keeps its linear algebra on one thread.

A product over one catalogue takes a fraction of a millisecond; handing parts of it to other threads takes longer, and
on a busy machine waits for them.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
