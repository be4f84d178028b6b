"""From the values of a modality to those of interest, as a data set (PS3.3 C.11.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.valuerep import format_number_as_ds

from hdgpu.array.device import on_device_of
from hdgpu.array.functions import dtype_name, host_dtype, native_dtype
from hdgpu.array.namespace import Array, array_namespace, is_array
from hdgpu.attributes.values import attribute_value
from hdgpu.content.lut import VOILUT
from hdgpu.enum import VOILUTFunctionValues
from hdgpu.errors import MissingTransformError
from hdgpu.pixels.attributes import voi_of_dataset
from hdgpu.pixels.lookup import LookupTable
from hdgpu.pixels.options import select_voi
from hdgpu.pixels.steps import voi_step
from hdgpu.pixels.window import Window, check_output_range

__all__ = ["VOILUTTransformation"]


class VOILUTTransformation(Dataset):
    """VOI transforms to choose from: windows, VOI LUTs or both.

    Parameters
    ----------
    window_center, window_width : float or sequence of float, optional
        Of one window or of several.
    window_explanation : str or sequence of str, optional
        What each window is for.
    voi_lut_function : VOILUTFunctionValues or str, optional
        Shape of the windows; LINEAR if there is none.
    voi_luts : sequence of VOILUT, optional
        Tables.

    Raises
    ------
    TypeError
        If there is neither a window nor a table, or one of what makes up the windows is missing or of a wrong type.
    ValueError
        If there are not as many centers as widths and explanations, or a width is one that the function does not
        allow: LINEAR takes 1 and more, the others more than 0.

    Examples
    --------
    >>> import numpy as np
    >>> soft_tissue = VOILUTTransformation(window_center=40, window_width=400)
    >>> soft_tissue.apply(np.array([-1000, 40, 3000]), output_range=(0, 255)).round(1)
    array([  0. , 127.8, 255. ])
    """

    def __init__(
        self,
        window_center: float | Sequence[float] | None = None,
        window_width: float | Sequence[float] | None = None,
        window_explanation: str | Sequence[str] | None = None,
        voi_lut_function: VOILUTFunctionValues | str | None = None,
        voi_luts: Sequence[VOILUT] | None = None,
    ) -> None:
        super().__init__()
        _check_combination(window_center, window_width, window_explanation, voi_lut_function, voi_luts)
        function = VOILUTFunctionValues(voi_lut_function or VOILUTFunctionValues.LINEAR)
        if window_center is not None:
            centers, widths = _numbers(window_center), _numbers(window_width)
            for center, width in zip(centers, widths, strict=True):
                Window(center, width, function)
            self.WindowCenter = _bare([format_number_as_ds(center) for center in centers], window_center)
            self.WindowWidth = _bare([format_number_as_ds(width) for width in widths], window_width)
        if window_explanation is not None:
            texts = [window_explanation] if isinstance(window_explanation, str) else window_explanation
            explanations = [attribute_value(text, "WindowCenterWidthExplanation") for text in texts]
            self.WindowCenterWidthExplanation = _bare(explanations, window_explanation)
        if voi_lut_function is not None:
            self.VOILUTFunction = function.value
        if voi_luts is not None:
            self.VOILUTSequence = list(voi_luts)

    def has_lut(self) -> bool:
        """Return whether there is a table."""
        return bool(self.get("VOILUTSequence"))

    def has_window(self) -> bool:
        """Return whether there is a window."""
        return "WindowCenter" in self

    def apply(
        self,
        array: Array,
        output_range: tuple[float, float] = (0.0, 1.0),
        voi_transform_selector: int | str = 0,
        dtype: npt.DTypeLike | Any = None,
        invert: bool = False,
        prefer_lut: bool = False,
    ) -> Array:
        """Apply one of the transforms to an array.

        Parameters
        ----------
        array : array
            Of any shape, library and device; integers, for a table.
        output_range : tuple of float
            Values that the ends of the window, or the smallest and the largest entry of the table, map to.
        voi_transform_selector : int or str
            Which one: an index from either end, or an explanation.
        dtype : data type, optional
            Floating, of the result; float64 by default.  It is computed in float64 and rounded once.
        invert : bool
            Whether the ends of the output range change places.
        prefer_lut : bool
            Whether to choose among the tables rather than the windows where there are both.

        Returns
        -------
        array
            Of the shape, library and device of `array`.

        Raises
        ------
        ValueError
            If `dtype` is not floating, the output range is empty or turned round, or the array is not of integers
            and a table is chosen.
        IndexError
            If the selector matches nothing (`TransformSelectionError`): the message lists what there is.
        """
        if not is_array(array):
            raise TypeError(f"Values are transformed in an array, not in {type(array).__name__}.")
        output = np.dtype(np.float64 if dtype is None else dtype_name(dtype))
        if output.kind != "f":
            raise ValueError(f"A VOI transform gives floating numbers, not {output}.")
        ends = check_output_range(output_range)
        voi = voi_of_dataset(self)
        if not (voi.windows or voi.tables):
            raise MissingTransformError("there is neither a window nor a VOI LUT")
        chosen = select_voi(voi, voi_transform_selector, prefer_table=prefer_lut)
        if isinstance(chosen, LookupTable) and host_dtype(array).kind not in "iu":
            raise ValueError(f"A lookup table maps integers, not values of type {array.dtype}.")
        with on_device_of(array):
            values = voi_step(chosen, ends, invert=invert).apply(array)
            return array_namespace(array).astype(values, native_dtype(array, output), copy=False)


def _check_combination(center: Any, width: Any, explanation: Any, function: Any, tables: Any) -> None:
    """Raise if what makes up windows and tables is not complete."""
    if center is None:
        for name, value in (
            ("window_width", width),
            ("window_explanation", explanation),
            ("voi_lut_function", function),
        ):
            if value is not None:
                raise TypeError(f"{name} means nothing without window_center.")
        if tables is None:
            raise TypeError("Either window_center and window_width or voi_luts are needed.")
    elif width is None:
        raise TypeError("window_width is needed along with window_center.")
    else:
        _check_alike("window_width", width, center)
        if explanation is not None:
            _check_alike("window_explanation", explanation, center)
    if tables is not None:
        if not len(tables):
            raise ValueError("voi_luts is empty.")
        if not all(isinstance(table, VOILUT) for table in tables):
            raise TypeError("voi_luts holds items of VOILUT only.")


def _check_alike(name: str, value: Any, centers: Any) -> None:
    """Raise unless there is one for each center: bare if that is bare, else in a sequence."""
    if isinstance(centers, Sequence):
        if not len(centers):
            raise TypeError("window_center is an empty sequence.")
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise TypeError(f"{name} is a sequence, as window_center is.")
        if len(value) != len(centers):
            raise ValueError(f"{name} has as many values as window_center, {len(centers)}, not {len(value)}.")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        raise ValueError(f"{name} is a single value, as window_center is.")


def _numbers(value: Any) -> list[float]:
    values = value if isinstance(value, Sequence) else [value]
    if any(isinstance(one, str) for one in values):
        raise TypeError("Centers and widths are numbers, not strings.")
    return [float(one) for one in values]


def _bare(values: list[Any], given: Any) -> Any:
    return values if isinstance(given, Sequence) and not isinstance(given, str) else values[0]
