"""From stored values to the values of a modality, as a data set (PS3.3 C.11.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.valuerep import format_number_as_ds

from hdgpu.array.device import on_device_of
from hdgpu.array.functions import dtype_name, host_dtype, native_dtype
from hdgpu.array.namespace import Array, array_namespace, is_array
from hdgpu.attributes.values import attribute_value
from hdgpu.content.lut import ModalityLUT, look_up
from hdgpu.enum import RescaleTypeValues
from hdgpu.errors import MissingTransformError
from hdgpu.pixels import reference
from hdgpu.pixels.lookup import read_table

__all__ = ["ModalityLUTTransformation"]


class ModalityLUTTransformation(Dataset):
    """A modality transform: either a slope and an intercept, or a Modality LUT.

    Parameters
    ----------
    rescale_intercept, rescale_slope : float, optional
        What is added after, and what stored values are multiplied by.
    rescale_type : RescaleTypeValues or str, optional
        Units of the result.
    modality_lut : ModalityLUT, optional
        In place of the other three.

    Raises
    ------
    TypeError
        If neither a table nor all of the other three are given, or both are; or if one is of a wrong type.
    ValueError
        If slope or intercept is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> to_hu = ModalityLUTTransformation(rescale_intercept=-1024, rescale_slope=1, rescale_type="HU")
    >>> to_hu.apply(np.array([0, 1024], dtype=np.uint16))
    array([-1024.,     0.])
    """

    def __init__(
        self,
        rescale_intercept: float | None = None,
        rescale_slope: float | None = None,
        rescale_type: RescaleTypeValues | str | None = None,
        modality_lut: ModalityLUT | None = None,
    ) -> None:
        super().__init__()
        rescale = {
            "rescale_intercept": rescale_intercept,
            "rescale_slope": rescale_slope,
            "rescale_type": rescale_type,
        }
        if modality_lut is not None:
            if not isinstance(modality_lut, ModalityLUT):
                raise TypeError(f"modality_lut is a ModalityLUT, not {type(modality_lut).__name__}.")
            given = [name for name, value in rescale.items() if value is not None]
            if given:
                raise TypeError(f"{', '.join(given)} cannot be given along with modality_lut.")
            self.ModalityLUTSequence = [modality_lut]
            return
        missing = [name for name, value in rescale.items() if value is None]
        if missing:
            raise TypeError(f"{', '.join(missing)} is needed where there is no modality_lut.")
        self.RescaleIntercept = format_number_as_ds(float(rescale_intercept))  # type: ignore[arg-type]
        self.RescaleSlope = format_number_as_ds(float(rescale_slope))  # type: ignore[arg-type]
        units: Any = rescale_type.value if isinstance(rescale_type, RescaleTypeValues) else rescale_type
        self.RescaleType = attribute_value(units, "RescaleType")

    def has_lut(self) -> bool:
        """Return whether the transform is a table."""
        return bool(self.get("ModalityLUTSequence"))

    def apply(self, array: Array, dtype: npt.DTypeLike | Any = None) -> Array:
        """Transform the values of an array.

        Parameters
        ----------
        array : array
            Of any shape, library and device; integers, if the transform is a table.
        dtype : data type, optional
            Of the result: float64 or the type of the table's entries by default.  Slope and intercept are computed in
            float64 and rounded once.  An integer type takes whole slopes and intercepts, and has to hold all that can
            come of the type of `array`.

        Returns
        -------
        array
            Of the shape, library and device of `array`.

        Raises
        ------
        ValueError
            If the type of the array or of the result does not do.
        TypeError
            If the result's type does not hold every value of the type of a table's entries.
        """
        if self.has_lut():
            table = read_table(self.ModalityLUTSequence[0])
            return look_up(array, table.first, table.entries, dtype)
        if not is_array(array):
            raise TypeError(f"Values are transformed in an array, not in {type(array).__name__}.")
        if "RescaleSlope" not in self or "RescaleIntercept" not in self:
            raise MissingTransformError("there is neither a table nor slope and intercept")
        slope, intercept = float(self.RescaleSlope), float(self.RescaleIntercept)
        output = np.dtype(np.float64 if dtype is None else dtype_name(dtype))
        if output.kind != "f":
            _check_integers(host_dtype(array), slope, intercept, output)
        xp = array_namespace(array)
        with on_device_of(array):
            if output.kind == "f":
                values = reference.affine(array[None, ...], np.array([slope]), np.array([intercept]))[0, ...]
            else:
                values = xp.astype(array, xp.int64) * int(slope) + int(intercept)
            return xp.astype(values, native_dtype(array, output), copy=False)


def _check_integers(stored: np.dtype[Any], slope: float, intercept: float, output: np.dtype[Any]) -> None:
    """Raise unless whatever comes of the stored type is an integer of the output's."""
    if output.kind not in "iu":
        raise ValueError(f"Values are transformed into integers or floating numbers, not into {output}.")
    if stored.kind not in "iu":
        raise ValueError(f"Values of {stored} are transformed into a floating type, not into {output}.")
    if not (slope.is_integer() and intercept.is_integer()):
        raise ValueError(f"{output} cannot hold fractions: the slope is {slope:g}, the intercept {intercept:g}.")
    held, wanted = np.iinfo(output), np.iinfo(stored)
    ends = [int(slope) * int(end) + int(intercept) for end in (wanted.min, wanted.max)]
    # in between it is computed in int64
    limits = max(int(held.min), -(1 << 63)), min(int(held.max), (1 << 63) - 1)
    if min(ends) < limits[0] or max(ends) > limits[1]:
        raise ValueError(
            f"{output} does not hold all values that may come of {stored} with slope {slope:g} and intercept"
            f" {intercept:g}: {min(ends)} to {max(ends)}."
        )
