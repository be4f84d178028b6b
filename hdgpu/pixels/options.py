"""What the caller wants of the pixel transforms, and what a file has of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag

__all__ = ["TransformOptions", "TransformPresence"]

_GROUPS = (Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE, Tag.FRAME_VOI_LUT_SEQUENCE)


@dataclass(frozen=True, slots=True)
class TransformOptions:
    """Switches of the pixel transforms, with the names and defaults of the reading functions that take them.

    For each ``apply_...`` that may be None: True insists on the transform, False leaves it out, None applies it where
    the file has it.

    Attributes
    ----------
    apply_real_world_transform : bool or None
        Real World Value Mapping (PS3.3 C.7.6.16.2.11); goes before the modality transform.
    real_world_value_map_selector : int, str or code
        Which of several maps.
    apply_modality_transform : bool or None
        Rescale Slope and Intercept, or Modality LUT (PS3.3 C.11.1).
    apply_voi_transform : bool or None
        Window or VOI LUT (PS3.3 C.11.2).
    voi_transform_selector : int, str or VOILUTTransformation
        Which of several.
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
        If both the real-world and the modality transform are insisted on.
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


class TransformPresence(NamedTuple):
    """Which transforms an instance has, besides slope and intercept."""

    real_world: bool = False
    modality_lut: bool = False
    voi: bool = False
    icc_profile: bool = False
    presentation_lut_shape: str = ""

    @classmethod
    def of(cls, instance: Instance) -> TransformPresence:
        """Read it off an instance's attributes and functional groups."""
        header = instance.header
        real_world = Tag.REAL_WORLD_VALUE_MAPPING_SEQUENCE in header
        voi = Tag.WINDOW_CENTER in header or Tag.VOI_LUT_SEQUENCE in header
        if Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE in header:
            for maps, windows in instance.functional_groups(_GROUPS):
                real_world, voi = real_world or maps is not None, voi or windows is not None
        return cls(
            real_world=real_world,
            modality_lut=Tag.MODALITY_LUT_SEQUENCE in header,
            voi=voi,
            icc_profile=Tag.ICC_PROFILE in header,
            presentation_lut_shape=header.text(Tag.PRESENTATION_LUT_SHAPE),
        )
