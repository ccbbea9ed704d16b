"""A learned probability: logistic regression over named columns, in numpy. Nothing here knows of leads or deals.

The way through the package: table (columns of values, and an order of rows and columns that depends on their
contents alone) → leaks (columns that cannot be used) → bins (levels and steps) → logistic (the fit) → crossval
(how strong to regularise, and predictions for rows that were left out) → calibration (probabilities that hold what
they say) → training (all of it, with the gate that decides whether a percentage may be shown) → model (prediction,
and reasons that add up to it).

Training is deterministic: the same rows in any order, with columns in any order and of any name, give the same model.
"""

import os

# One thread: sums always come in the same order, and a training leaves the other cores to the pages. numpy reads
# this when it is first imported, which is in this package.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
