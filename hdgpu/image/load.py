"""Files in, a volume out: the main job."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import Device
from hdgpu.dicom.discover import discover
from hdgpu.enum import CoordinateSystemNames, RGBColorChannels
from hdgpu.errors import AmbiguousSeriesError, EmptySeriesError, NoPixelDataError
from hdgpu.frames.engine import Progress
from hdgpu.frames.plan import ScatterPlan
from hdgpu.geometry.affine import affine_from_attributes
from hdgpu.geometry.stack import StackDiagnosis
from hdgpu.image.decode import DecodeOptions, decode_plan, prepare_readers
from hdgpu.image.regrid import on_regular_grid
from hdgpu.image.series import Series, group_series
from hdgpu.image.series_selection import select_series
from hdgpu.pixels.options import TransformKeywords, TransformOptions
from hdgpu.volume.channels import RGB_COLOR_CHANNEL_DESCRIPTOR
from hdgpu.volume.volume import Volume

__all__ = ["get_volume_from_series", "load_volume", "read_series"]

# Thickness of the only slice of a series that does not tell the distance to the next: as highdicom has it.
_LONE_SLICE_SPACING = 1.0
# What load_volume leaves out unless it is asked for, so that values are quantities.
_QUANTITATIVE: TransformKeywords = {"apply_real_world_transform": False, "apply_presentation_lut": False}


def read_series(source: Any, *, on_error: str = "raise", progress: Progress | None = None) -> list[Series]:
    """Find the series in a folder of anything.

    Parameters
    ----------
    source : path, URL, bytes, binary file object, pydicom.Dataset, or an iterable of these
        A folder is searched with all folders below it, but for hidden ones.  What is not DICOM in it is passed over and
        named in `Series.ignored`; a file with a suffix of DICOM (.dcm, .dicom, .ima), and an empty one without any, has
        to be DICOM.  A DICOMDIR stands for the files that it lists, unless files from its folder are there, too.
    on_error : {"raise", "skip"}
        What to do about a file that cannot be read.  Those that are skipped are named in `Series.skipped`.
    progress : callable, optional
        Called with the number of files looked at and the number of all.

    Returns
    -------
    list of Series
        By study and series number; no pixel is decoded for it.

    Raises
    ------
    EmptySeriesError
        If there is no DICOM file.
    SourceError, NotDicomError, TruncatedFileError, InvalidAttributeError
        If a file cannot be read.

    Examples
    --------
    >>> import hdgpu as hd
    >>> from pydicom.data import get_testdata_file
    >>> hd.read_series(get_testdata_file("CT_small.dcm"))
    [<Series 1: '' CT, 1 file, 1 frame of 128 x 128, Explicit VR Little Endian, single slice>]
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is 'raise' or 'skip', not {on_error!r}")
    found = discover(source, collect_errors=on_error == "skip", progress=progress)
    if not found.instances:
        raise EmptySeriesError(
            "there is no DICOM file",
            source=_name_of(source),
            found=f"{len(found.ignored)} files that are not DICOM, {len(found.broken)} that are damaged",
        ) from (found.broken[0] if found.broken else None)
    return group_series(found.instances, ignored=found.ignored, skipped=found.broken)


def load_volume(
    source: Any,
    *,
    series: str | int | None = None,
    dtype: npt.DTypeLike = np.float32,
    device: str | Device | None = "auto",
    atol: float | None = None,
    rtol: float | None = None,
    workers: int | None = None,
    fallback: str = "cpu",
    on_error: str = "raise",
    regrid: bool = False,
    progress: Progress | None = None,
    **transforms: Unpack[TransformKeywords],
) -> Volume:
    """Load one series as a volume.

    Parameters
    ----------
    source : path, URL, bytes, binary file object, pydicom.Dataset, an iterable of these, Series, or list of Series
        Where the series is: see `read_series`.
    series : str or int, optional
        Series Instance UID or Series Number, where there are several; ``"study UID/series UID"`` if several studies
        have a series of that UID.
    dtype : data type
        Of the voxels: integer or floating.
    device : str, Device or None
        ``"auto"`` takes a GPU if there is one; ``volume.report`` says which device it was.
    atol, rtol : float, optional
        Tolerance of the distances between slices in mm, or as a part of their mean (0.01 by default).
    workers : int, optional
        Decoding threads; one for each core by default.
    fallback : {"cpu", "error"}
        Who decodes what a GPU does not: see `hdgpu.image.decode.DecodeOptions`.
    on_error : {"raise", "skip"}
        What to do about a file whose header cannot be read, of whatever series; ``volume.report`` names those skipped.
    regrid : bool
        Whether slices of a tilted gantry, and such at uneven distances, are interpolated linearly onto a regular grid:
        moved back along their planes, and put at their usual distance.  Missing slices are not made up.
    progress : callable, optional
        Called with the number of frames done and the number of all, from the decoding threads.
    **transforms
        Switches of `hdgpu.pixels.options.TransformOptions`.  By default values after the modality transform are
        returned, for CT in HU, and no real-world map, window or inversion for display is applied.

    Returns
    -------
    Volume
        (slices, rows, columns), and RGB channels last for colour; its affine maps (slice, row, column) to LPS in mm.

    Raises
    ------
    TypeError, ValueError
        If an argument is none that there is, or of a kind or value that it cannot have, before anything is read.
    AmbiguousSeriesError
        If there are several series and `series` does not say which.
    StackError
        If the frames do not form a regular stack: the kind of the error and its `diagnosis` say why, and `Series.split`
        returns what of them may.
    FrameDecodeError, TruncatedFileError, PixelDataSizeError, ...
        If a frame cannot be decoded.  Nothing half-filled is returned.

    Examples
    --------
    >>> import hdgpu as hd
    >>> from pydicom.data import get_testdata_file
    >>> volume = hd.load_volume(get_testdata_file("CT_small.dcm"), device="cpu")
    >>> volume.shape, volume.dtype, volume.spacing, float(volume.array.min())
    ((1, 128, 128), dtype('float32'), (5.0, 0.661468, 0.661468), -896.0)
    """
    started = time.perf_counter()
    how = DecodeOptions.of(device, workers, fallback)
    tolerances = _tolerances(rtol=rtol, atol=atol)
    _check_switches(transforms)
    switches: TransformKeywords = {**_QUANTITATIVE, **transforms}
    options = TransformOptions(**switches)
    found = _as_series(source) or read_series(source, on_error=on_error)
    chosen = select_series(found, series, _name_of(source))
    seconds = {"scan": time.perf_counter() - started}
    return _build_volume(chosen, options, dtype, how, tolerances, seconds, progress=progress, regrid=regrid)


def get_volume_from_series(
    series_datasets: Sequence[Any] | Series,
    *,
    dtype: npt.DTypeLike = np.float64,
    apply_real_world_transform: bool | None = None,
    real_world_value_map_selector: Any = 0,
    apply_modality_transform: bool | None = None,
    apply_voi_transform: bool | None = False,
    voi_transform_selector: Any = 0,
    voi_output_range: tuple[float, float] = (0.0, 1.0),
    apply_presentation_lut: bool = True,
    apply_palette_color_lut: bool | None = None,
    apply_icc_profile: bool | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    perpendicular_tol: float | None = None,
    orientation_tol: float | None = None,
    device: str | Device | None = None,
    workers: int | None = None,
    fallback: str = "cpu",
) -> Volume:
    """Create a volume from the images of one series, given in any order.

    Parameters
    ----------
    series_datasets : sequence of pydicom.Dataset, or of paths or anything else that `read_series` takes, or Series
    dtype : data type
        Of the voxels.
    apply_real_world_transform, real_world_value_map_selector, apply_modality_transform, apply_voi_transform, \
voi_transform_selector, voi_output_range, apply_presentation_lut, apply_palette_color_lut, apply_icc_profile
        See `hdgpu.pixels.options.TransformOptions`.
    atol, rtol : float, optional
        Tolerance of the distances between slices in mm, or as a part of their mean (0.01 by default).
    perpendicular_tol : float, optional
        By how much the cosine between the direction of stacking and the normal of the slices may differ from 1: 0.001
        is highdicom's default.  Without it slices may be shifted along their plane by a tenth of their distance.
    orientation_tol : float, optional
        By how much the cosines between rows, and between columns, of two slices may differ from 1.
    device : str, Device or None
        Where the volume shall be; None is the default device.
    workers : int, optional
        Decoding threads; one for each core by default.
    fallback : {"cpu", "error"}
        Who decodes what a GPU does not: see `hdgpu.image.decode.DecodeOptions`.

    Returns
    -------
    Volume

    Raises
    ------
    ValueError
        If the images are of several series, or do not form a regular stack (a `StackError`).
    TypeError
        If both tolerances are given.

    Examples
    --------
    >>> import hdgpu as hd
    >>> from pydicom import examples
    >>> hd.get_volume_from_series([examples.ct]).shape
    (1, 128, 128)
    """
    started = time.perf_counter()
    options = TransformOptions.of(locals())
    how = DecodeOptions.of(device, workers, fallback)
    tolerances = _tolerances(rtol=rtol, atol=atol, perpendicular_tol=perpendicular_tol, orientation_tol=orientation_tol)
    series, *others = _as_series(series_datasets) or read_series(series_datasets)
    if others:
        raise AmbiguousSeriesError("the images do not belong to one series", expected=1, found=1 + len(others))
    seconds = {"scan": time.perf_counter() - started}
    return _build_volume(series, options, dtype, how, tolerances, seconds)


def _as_series(source: Any) -> list[Series]:
    """Return the series that a source is or lists, none if it is something else."""
    listed = source if isinstance(source, (list, tuple)) else [source]
    return list(listed) if all(isinstance(each, Series) for each in listed) else []


def _tolerances(**tolerances: Any) -> dict[str, Any]:
    """Return tolerances that are numbers from 0 on, or None."""
    for name, value in tolerances.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float, np.number))):
            raise TypeError(f"{name} is a number or None, not {value!r}")
        if value is not None and not value >= 0:  # NaN is not, either
            raise ValueError(f"{name} is 0 or more, not {value}")
    return tolerances


def _check_switches(names: Collection[str]) -> None:
    """Refuse keywords of `load_volume` that are none of its own, and no switches of pixel transforms."""
    for name in names:
        if name not in TransformKeywords.__annotations__:
            known = [*inspect.signature(load_volume).parameters, *TransformKeywords.__annotations__]
            near = "".join(f": did you mean {each!r}?" for each in get_close_matches(name, known, 1))
            raise TypeError(f"load_volume() got an unexpected keyword argument {name!r}{near}")


def _build_volume(
    series: Series,
    options: TransformOptions,
    dtype: npt.DTypeLike,
    how: DecodeOptions,
    tolerances: dict[str, Any],
    seconds: dict[str, float],
    *,
    progress: Progress | None = None,
    regrid: bool = False,
) -> Volume:
    started = time.perf_counter()
    is_default = all(tolerance is None for tolerance in tolerances.values())
    diagnosis = series.diagnosis if is_default else series.diagnose(**tolerances)
    regrid = regrid and not diagnosis.is_regular
    if regrid:
        diagnosis = series.diagnose(regrid=True, **tolerances)
    for instance in series.instances:
        if not instance.number_of_frames:
            raise NoPixelDataError("there is no pixel data", source=instance.name)
    diagnosis.check(f"series {series.series_instance_uid}")
    readers = prepare_readers(series.instances, series.frames, options, np.dtype(dtype))
    frame_shape = readers[0].transform.frame_shape
    plan = ScatterPlan.stack(diagnosis.order, frame_shape, dtype)
    seconds["plan"] = time.perf_counter() - started
    array, report = decode_plan(plan, series.frames, readers, how, progress=progress, seconds=seconds)
    report.ignored, report.skipped = series.ignored, tuple(str(error.source) for error in series.skipped)
    affine = _affine(series, diagnosis)
    if regrid:
        started = time.perf_counter()
        array, affine = on_regular_grid(array, series.frames.position[diagnosis.order], affine)
        report.seconds["regrid"] = time.perf_counter() - started
    return Volume(
        array,
        affine,
        CoordinateSystemNames.PATIENT,
        series.frame_of_reference_uid,
        {RGB_COLOR_CHANNEL_DESCRIPTOR: list(RGBColorChannels)} if len(frame_shape) == 3 else None,
        report=report,
    )


def _affine(series: Series, diagnosis: StackDiagnosis) -> npt.NDArray[np.float64]:
    frames = series.frames
    first = int(diagnosis.order[0])
    between = diagnosis.spacing
    if between is None:
        between = float(frames.between_slices[first])
        between = between if between > 0 else _LONE_SLICE_SPACING  # NaN is not greater either
    return affine_from_attributes(
        image_position=frames.position[first].tolist(),
        image_orientation=frames.orientation[first].tolist(),
        pixel_spacing=frames.spacing[first].tolist(),
        spacing_between_slices=between,
    )


def _name_of(source: Any) -> str | None:
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
