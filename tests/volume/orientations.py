"""All orders of three axes, and all patient orientations."""

import itertools

AXES = list(itertools.permutations(range(3)))
ORIENTATIONS = [
    "".join(each) for axes in itertools.permutations(["LR", "AP", "HF"]) for each in itertools.product(*axes)
]
