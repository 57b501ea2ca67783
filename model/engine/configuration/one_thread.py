"""Keeps numpy's linear algebra on one thread; import it before numpy.

A product over one catalogue takes a fraction of a millisecond; distributing it over threads takes longer, the more so
on a busy machine.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
