"""What the caller wants of the pixel transforms, and how it chooses among several."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypedDict

from hdgpu.errors import TransformSelectionError
from hdgpu.pixels.attributes import VoiTransforms, voi_of_dataset
from hdgpu.pixels.lookup import LookupTable
from hdgpu.pixels.real_world import RealWorldMap
from hdgpu.pixels.window import Window, check_output_range

__all__ = ["TransformKeywords", "TransformOptions", "select_real_world_map", "select_voi"]


class TransformKeywords(TypedDict, total=False):
    """The switches of `TransformOptions`, which documents them, as keywords that may be left out."""

    apply_real_world_transform: bool | None
    real_world_value_map_selector: Any
    apply_modality_transform: bool | None
    apply_voi_transform: bool | None
    voi_transform_selector: Any
    voi_output_range: tuple[float, float]
    apply_presentation_lut: bool
    apply_palette_color_lut: bool | None
    apply_icc_profile: bool | None


@dataclass(frozen=True, slots=True)
class TransformOptions:
    """Switches of the pixel transforms, with the names and defaults of the reading functions that take them.

    For each ``apply_...`` that may be None: True insists on the transform, False leaves it out, None applies it where
    the file has it.

    Attributes
    ----------
    apply_real_world_transform : bool or None
        Real World Value Mapping (PS3.3 C.7.6.16.2.11); takes the place of all other transforms of grey values.
    real_world_value_map_selector : int, str or code
        Which of several maps: its index, its LUT Label, or its measurement units.
    apply_modality_transform : bool or None
        Rescale Slope and Intercept, or Modality LUT (PS3.3 C.11.1).
    apply_voi_transform : bool or None
        Window or VOI LUT (PS3.3 C.11.2); None leaves it out where a real-world map is applied.
    voi_transform_selector : int, str or VOILUTTransformation
        Which of several: the index among the VOI LUTs, or among the windows if there is no VOI LUT; or an explanation.
        A transformation of one's own goes before those of the file.
    voi_output_range : tuple of float
        Values that the ends of the window map to.
    apply_presentation_lut : bool
        Invert if Presentation LUT Shape is INVERSE, or if it is absent and the image is MONOCHROME1 (PS3.3 C.11.6).
    apply_palette_color_lut : bool or None
        Palette colour to RGB (PS3.3 C.7.9).
    apply_icc_profile : bool or None
        Colour management of colour images (PS3.3 C.11.15).

    Raises
    ------
    ValueError
        If switches contradict each other: real-world and modality transform both True, a VOI transform without a
        modality transform, colour management of palette indices; or if the output range of the VOI transform is
        empty or turned round.
    TypeError
        If a selector is of a type that selects nothing.
    """

    apply_real_world_transform: bool | None = None
    real_world_value_map_selector: Any = 0
    apply_modality_transform: bool | None = None
    apply_voi_transform: bool | None = False
    voi_transform_selector: Any = 0
    voi_output_range: tuple[float, float] = (0.0, 1.0)
    apply_presentation_lut: bool = True
    apply_palette_color_lut: bool | None = None
    apply_icc_profile: bool | None = None

    def __post_init__(self) -> None:
        if self.apply_real_world_transform and self.apply_modality_transform:
            raise ValueError("apply_real_world_transform and apply_modality_transform may not both be True")
        if self.apply_icc_profile and self.apply_palette_color_lut is False:
            raise ValueError("apply_icc_profile=True needs colours: apply_palette_color_lut may not be False")
        if self.apply_voi_transform is False:
            return
        if self.apply_modality_transform is False or self.apply_real_world_transform:
            raise ValueError("a VOI transform needs the modality transform before it, where there is one")
        check_output_range(self.voi_output_range, "voi_output_range")
        if not isinstance(self.voi_transform_selector, str | int) and not _is_dataset(self.voi_transform_selector):
            raise TypeError(
                "voi_transform_selector is an int, a str or a VOILUTTransformation,"
                f" not {type(self.voi_transform_selector).__name__}"
            )

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> TransformOptions:
        """Return the options among the arguments of a function that takes all of them by their names: its ``locals()``.

        Examples
        --------
        >>> from dataclasses import asdict
        >>> TransformOptions.of({**asdict(TransformOptions()), "apply_voi_transform": None, "frame_number": 3})
        ... # doctest: +ELLIPSIS
        TransformOptions(apply_real_world_transform=None, ..., apply_voi_transform=None, ...)
        """
        return cls(**{each.name: arguments[each.name] for each in fields(cls)})

    @property
    def keeps_stored_values(self) -> bool:
        """Whether no transform at all is wanted."""
        switches = (
            self.apply_real_world_transform, self.apply_modality_transform, self.apply_voi_transform,
            self.apply_presentation_lut, self.apply_palette_color_lut, self.apply_icc_profile,
        )  # fmt: skip
        return all(switch is False for switch in switches)

    @property
    def own_voi(self) -> Window | LookupTable | None:
        """The caller's own VOI transform, if there is one.

        Raises
        ------
        ValueError
            If it holds several.
        """
        if self.apply_voi_transform is False or not _is_dataset(self.voi_transform_selector):
            return None
        windows, tables = voi_of_dataset(self.voi_transform_selector)
        if len(windows) > 1 or len(tables) > 1 or not (windows or tables):
            raise ValueError("a VOILUTTransformation given as voi_transform_selector has to hold one transform")
        return tables[0] if tables else windows[0]


def select_voi(voi: VoiTransforms, selector: str | int, *, prefer_table: bool = True) -> Window | LookupTable:
    """Choose one of the VOI transforms.

    Parameters
    ----------
    voi : VoiTransforms
        One at least.
    selector : str or int
        Explanation, or index from either end.
    prefer_table : bool
        Whether to look among the VOI LUTs first where there are windows, too.

    Raises
    ------
    TransformSelectionError
        If there is none such; the message lists what there is.
    """
    kinds: tuple[Sequence[Window | LookupTable], ...] = (voi.tables, voi.windows)
    first, second = kinds if prefer_table else kinds[::-1]
    if isinstance(selector, str):
        for choice in (*first, *second):
            if choice.explanation == selector:
                return choice
    else:
        choices = first or second
        index = operator.index(selector)
        if -len(choices) <= index < len(choices):
            return choices[index]
    listing = [
        f"{kind} {one.explanation!r}" for kind, some in zip(("LUT", "window"), kinds, strict=True) for one in some
    ]
    raise TransformSelectionError(
        "no VOI transform is the one asked for", expected=repr(selector), found=", ".join(listing)
    )


def select_real_world_map(maps: Sequence[RealWorldMap], selector: Any) -> RealWorldMap:
    """Choose one of the real-world value maps by index, label or units.

    Parameters
    ----------
    maps : sequence of RealWorldMap
    selector : int, str or code
        A code has `value` and `scheme_designator` (`pydicom.sr.coding.Code`), or is a data set of a code sequence.

    Raises
    ------
    TransformSelectionError
        If there is none such; the message lists what there is.
    TypeError
        If the selector is none of these.
    """
    if isinstance(selector, str):
        matching = [one for one in maps if one.label == selector]
    elif isinstance(selector, int):
        matching = [maps[selector]] if -len(maps) <= selector < len(maps) else []
    else:
        units = _units_of(selector)
        matching = [one for one in maps if one.units == units]
    if matching:
        return matching[0]
    listing = ", ".join(f"{one.label!r} in {' of '.join(one.units or ('no units',))}" for one in maps)
    raise TransformSelectionError(
        "no real-world value map is the one asked for", expected=repr(selector), found=listing or "none"
    )


def _units_of(code: Any) -> tuple[str, str]:
    if _is_dataset(code) and "CodeValue" in code:
        return str(code.CodeValue), str(code.CodingSchemeDesignator)
    try:
        return str(code.value), str(code.scheme_designator)
    except AttributeError:
        raise TypeError(
            f"a real-world value map is selected by an int, a str or a code, not {type(code).__name__}"
        ) from None


def _is_dataset(value: Any) -> bool:
    from pydicom import Dataset

    return isinstance(value, Dataset)
