"""Random flips, permutations and crops of Volume and VolumeGeometry, as for the augmentation of training data."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Self, TypeAlias

import numpy as np

from hdgpu.errors import VolumeError
from hdgpu.volume import rearrange
from hdgpu.volume.spatial_axes import SpatialAxes

__all__ = ["Augmentation", "RandomSource"]

RandomSource: TypeAlias = np.random.Generator | int | None


class _Draws:
    """Random numbers on the host, so that they are the same for every array library and device.

    Without a source they come from NumPy's global state and, drawn in the same way, are those of highdicom.
    """

    def __init__(self, rng: RandomSource) -> None:
        self._generator = None if rng is None else np.random.default_rng(rng)

    def below(self, bound: int) -> int:
        """Return an integer from zero to below the bound."""
        if self._generator is None:
            return int(np.random.randint(0, bound))  # noqa: NPY002 - the global state is what is promised
        return int(self._generator.integers(0, bound))

    def order(self, items: Sequence[int]) -> list[int]:
        """Return the items in random order."""
        if self._generator is None:
            return [int(each) for each in np.random.permutation(items)]  # noqa: NPY002
        return [int(each) for each in self._generator.permutation(items)]


def _distinct_axes(axes: Sequence[int], fewest: int) -> list[int]:
    """Return spatial axes as a list, having made sure that there are enough and none is there twice."""
    chosen = [operator.index(axis) for axis in axes]
    if not fewest <= len(chosen) <= 3 or not set(chosen) <= {0, 1, 2} or len(set(chosen)) < len(chosen):
        raise VolumeError("argument 'axes' names spatial axes", expected=f"{fewest} to 3 of 0, 1 and 2", found=chosen)
    return chosen


class Augmentation(SpatialAxes):
    """Random operations on a volume; each voxel that is kept stays where it is in space.

    By default they draw from NumPy's global random state (``numpy.random.seed``), as highdicom's do.  As `rng` they
    take a generator, which goes on from draw to draw, or a seed, with which every call draws the same.

    Worker processes that are forked inherit a copy of NumPy's global state and of each generator, and then all draw
    alike.  Make a generator in each of them, or for each item, from a seed of its own.  In a torch ``Dataset``::

        def __getitem__(self, index):
            rng = np.random.default_rng([self.seed, self.epoch, index])
            return self.volumes[index].random_flip_spatial(rng=rng).random_spatial_crop((64, 64, 64), rng=rng)

    or, with ``worker_init_fn``, from ``torch.initial_seed()``, which differs from worker to worker and epoch to epoch.
    """

    def random_flip_spatial(self, axes: int | Sequence[int] = (0, 1, 2), *, rng: RandomSource = None) -> Self:
        """Reverse each of some spatial axes with probability one half.

        Parameters
        ----------
        axes : int or sequence of int, optional
            The axes that may be reversed, each 0, 1 or 2.
        rng : numpy.random.Generator, int or None, optional
            Where chance comes from: a generator or a seed; None for NumPy's global state.  The same seed gives the same
            draw in every call; see the class for worker processes.

        Raises
        ------
        hdgpu.errors.VolumeError
            If an axis is not 0, 1 or 2, or is named twice, or none is (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT")
        >>> geometry.random_flip_spatial(rng=0).position
        (1.0, 2.0, 3.0)
        """
        draws = _Draws(rng)
        candidates = _distinct_axes(axes if isinstance(axes, Sequence | np.ndarray) else [axes], fewest=1)
        return self.flip_spatial([axis for axis in sorted(candidates) if draws.below(2)])

    def random_permute_spatial_axes(self, axes: Sequence[int] = (0, 1, 2), *, rng: RandomSource = None) -> Self:
        """Put two or three of the spatial axes in random order.

        Parameters
        ----------
        axes : sequence of 2 or 3 ints, optional
            The axes that may change places; another one stays where it is.
        rng : numpy.random.Generator, int or None, optional
            Where chance comes from: a generator or a seed; None for NumPy's global state.  The same seed gives the same
            draw in every call; see the class for worker processes.

        Raises
        ------
        hdgpu.errors.VolumeError
            If an axis is not 0, 1 or 2, or is named twice, or there are too few (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT")
        >>> geometry.random_permute_spatial_axes(rng=np.random.default_rng(0)).spatial_shape
        (4, 2, 3)
        """
        candidates = _distinct_axes(axes, fewest=2)
        order = [0, 1, 2]
        for place, axis in zip(sorted(candidates), _Draws(rng).order(candidates), strict=True):
            order[place] = axis
        return self.permute_spatial_axes(order)

    def random_spatial_crop(self, spatial_shape: Sequence[int], *, rng: RandomSource = None) -> Self:
        """Crop to a spatial shape at a random place.

        Parameters
        ----------
        spatial_shape : sequence of 3 ints
            Shape to crop to, along no axis larger than that of the volume.
        rng : numpy.random.Generator, int or None, optional
            Where chance comes from: a generator or a seed; None for NumPy's global state.  The same seed gives the same
            draw in every call; see the class for worker processes.

        Raises
        ------
        hdgpu.errors.VolumeError
            If it is larger than the volume along an axis, or less than 1 (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.eye(4), (20, 30, 40), "PATIENT")
        >>> geometry.random_spatial_crop((8, 8, 8), rng=0).position
        (11.0, 14.0, 16.0)
        """
        draws = _Draws(rng)
        starts = [draws.below(each + 1) for each in rearrange.crop_room(self.spatial_shape, spatial_shape)]
        return self._rearranged(rearrange.crop_at(starts, spatial_shape))
