"""Real-world value maps as files hold them (PS3.3 C.7.6.16.2.11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import HdgpuError, InvalidAttributeError, LookupTableError, MissingAttributeError
from hdgpu.pixels.lookup import is_implicit, values_of

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["RealWorldMap", "read_real_world_map"]


@dataclass(frozen=True, slots=True, eq=False)
class RealWorldMap:
    """An item of the Real World Value Mapping Sequence.

    Attributes
    ----------
    first, last : float
        Smallest and largest stored value that is mapped.
    slope, intercept : float or None
        Of a linear map.
    values : numpy.ndarray or None
        (last - first + 1,) float64, of a map by table.
    label : str
        LUT Label.
    units : tuple of str or None
        Code Value and Coding Scheme Designator of the measurement units.
    sign_is_known : bool
        Whether `first` and `last` were read with the sign that they have; else they are unsigned words.
    """

    first: float
    last: float
    slope: float | None
    intercept: float | None
    values: npt.NDArray[np.float64] | None
    label: str
    units: tuple[str, str] | None
    sign_is_known: bool = True


def read_real_world_map(item: Dataset) -> RealWorldMap:
    """Read an item of the Real World Value Mapping Sequence.

    Raises
    ------
    MissingAttributeError
        If it does not say what it maps, or to what.
    InvalidAttributeError
        If it is damaged, maps nothing, or not to finite numbers.
    LookupTableError
        If its table is not as long as the range that it maps.
    """
    tag = describe_tag(Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE)
    try:
        first, last, sign_is_known = _mapped_range(item)
        slope, intercept = (
            None if item.get(name) is None else float(item[name].value)
            for name in ("RealWorldValueSlope", "RealWorldValueIntercept")
        )
        data = values_of(item, "RealWorldValueLUTData")
        code = next(iter(item.get("MeasurementUnitsCodeSequence", None) or ()), None)
        units = None if code is None else (_code_value(code), str(code.get("CodingSchemeDesignator", "")))
        label = str(item.get("LUTLabel", "") or "")
        values = np.array(data, np.float64)
    except HdgpuError:
        raise
    except Exception as error:  # as above
        raise InvalidAttributeError(f"the real-world value map is damaged: {error}", tag=tag) from error
    if slope is not None and intercept is not None:
        if not np.isfinite([slope, intercept]).all():
            raise InvalidAttributeError(
                "the real-world value map is not finite", tag=tag, found=f"{slope}, {intercept}"
            )
        return RealWorldMap(first, last, slope, intercept, None, label, units, sign_is_known)
    if not len(values):
        raise MissingAttributeError("the real-world value map has neither slope and intercept nor a table", tag=tag)
    if last - first + 1 != len(values):
        raise LookupTableError(
            "the table of the real-world value map is not as long as the range that it maps",
            tag=tag,
            expected=f"{last - first + 1:g} values from {first:g} to {last:g}",
            found=len(values),
        )
    return RealWorldMap(first, last, None, None, values, label, units, sign_is_known)


def _mapped_range(item: Dataset) -> tuple[float, float, bool]:
    """Return the first and last value that are mapped, and whether their sign is known.

    It is not where words were read without a value representation; numbers of double precision have their own.
    """
    for prefix in ("", "DoubleFloat"):
        names = [f"{prefix}RealWorldValue{which}ValueMapped" for which in ("First", "Last")]
        values = [item.get(name) for name in names]
        if None not in values:
            first, last = (float(value) for value in values)
            sign_is_known = bool(prefix) or not is_implicit(item)
            if first > last and first >= 1 << 15 and not sign_is_known:
                first -= 1 << 16  # signed, but read as unsigned
            if first > last:
                raise InvalidAttributeError("nothing is mapped", tag=names[0], expected=f"up to {last:g}", found=first)
            return first, last, sign_is_known
    raise MissingAttributeError(
        "the real-world value map does not say what it maps",
        tag="'Real World Value First Value Mapped', 'Real World Value Last Value Mapped'",
    )


def _code_value(code: Dataset) -> str:
    return next((str(code[n].value) for n in ("CodeValue", "LongCodeValue", "URNCodeValue") if n in code), "")
