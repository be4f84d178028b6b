"""Every public method of Volume and VolumeGeometry against highdicom, on drawn volumes and in every array library."""

from __future__ import annotations

import enum
import inspect
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import hdgpu as hd
from hdgpu.array.functions import dtype_name
from hdgpu.array.interop import to_numpy
from hdgpu.content.plane import PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence
from hdgpu.enum import AxisHandedness
from hdgpu.volume import ChannelDescriptor, Volume, VolumeGeometry, VolumeToVolumeTransformer
from tests.slide_units import as_the_standard_has_it
from tests.volume.orientations import AXES, ORIENTATIONS

highdicom = pytest.importorskip("highdicom", reason="needs highdicom, the oracle: pip install highdicom")

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float32", "float64"]
CHANNELS = {"DiffusionBValue": [0.0, 500.0, 1000.0], "EchoTime": [5.0, 10.0], "PatientPosition": ["HFS"]}


# --- What is drawn ----------------------------------------------------------------------------------------------------


@st.composite
def affines(draw: st.DrawFn) -> np.ndarray:
    """Draw an affine: along the axes of space or oblique, permuted, and of either handedness."""
    oblique = draw(st.booleans())
    rotation = Rotation.random(random_state=draw(st.integers(0, 99))).as_matrix() if oblique else np.eye(3)
    signs = draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3))
    affine = np.eye(4)
    affine[:3, :3] = (rotation * signs)[:, draw(st.sampled_from(AXES))]
    affine[:3, :3] *= draw(st.tuples(*[st.sampled_from([0.25, 0.7, 1.0, 3.3])] * 3))
    affine[:3, 3] = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    return affine


@dataclass(frozen=True)
class Case:
    """A volume as both packages are given it."""

    array: np.ndarray
    affine: np.ndarray
    coordinate_system: str
    channels: dict[str, Any]

    @property
    def spatial_shape(self) -> tuple[int, ...]:
        return self.array.shape[:3]

    def of(self, package: Any, array: Any) -> Any:
        return package.Volume(array, self.affine, self.coordinate_system, "1.2.3", self.channels)

    def both(self, xp: Any) -> tuple[Any, Any]:
        return self.of(hd, xp.asarray(self.array)), self.of(highdicom, self.array.copy())


@st.composite
def cases(draw: st.DrawFn, dtypes: list[str] = DTYPES, system: str | None = None, channels: int = 0) -> Case:
    names = draw(st.lists(st.sampled_from(list(CHANNELS)), min_size=channels, max_size=2, unique=True))
    chosen = {name: CHANNELS[name] for name in names}
    shape = (*draw(st.tuples(*[st.integers(1, 4)] * 3)), *map(len, chosen.values()))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    dtype = draw(st.sampled_from(dtypes))
    values = rng.integers(0, 2 if dtype == "bool" else 100, shape) - (50 if np.dtype(dtype).kind in "if" else 0)
    coordinate_system = system or draw(st.sampled_from(["PATIENT", "SLIDE"]))
    return Case(values.astype(dtype), draw(affines()), coordinate_system, chosen)


def slices(size: int) -> st.SearchStrategy[Any]:
    bounds = st.one_of(st.none(), st.integers(-size - 1, size + 1))
    return st.one_of(st.integers(-size, size - 1), st.builds(slice, bounds, bounds, st.sampled_from([None, -2, -1, 2])))


def sizes(smallest: int, largest: int) -> st.SearchStrategy[Any]:
    return st.tuples(*[st.integers(smallest, largest)] * 3)


WIDTHS = st.one_of(
    st.integers(0, 2),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.tuples(*[st.tuples(st.integers(0, 2))] * 3),
    st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 3).map(lambda widths: [list(w) for w in widths]),
)
PADDING = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["CONSTANT", "edge", "MINIMUM", "MAXIMUM", "MEAN", "MEDIAN"]),
        "constant_value": st.sampled_from([0, 1.0]),
        "per_channel": st.booleans(),
    }
)


# --- How they are compared --------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Return a value of either package as one that compares: enumerations are different classes."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, pydicom.Dataset):
        return json.loads(value.to_json())
    return [plain(each) for each in value] if isinstance(value, tuple | list | pydicom.Sequence) else value


def _in_units_of_the_standard(value: Any) -> Any:
    """Return positions of planes with z in micrometres on slides, and anything else as it is."""
    if isinstance(value, list):
        return [_in_units_of_the_standard(each) for each in value]
    return as_the_standard_has_it(value) if isinstance(value, pydicom.Sequence) else value


def check_geometry(ours: Any, theirs: Any) -> None:
    assert ours.spatial_shape == theirs.spatial_shape
    np.testing.assert_allclose(ours.affine, theirs.affine, rtol=1e-12, atol=1e-10)
    assert ours.coordinate_system.value == theirs.coordinate_system.value
    assert ours.frame_of_reference_uid == theirs.frame_of_reference_uid


def check(ours: Any, theirs: Any, xp: Any, rtol: float = 0.0) -> None:
    check_geometry(ours, theirs)
    assert xp.is_mine(ours.array)
    assert dtype_name(ours.dtype) == theirs.dtype.name
    np.testing.assert_allclose(to_numpy(ours.array), theirs.array, rtol=rtol, atol=rtol)
    assert list(map(str, ours.channel_descriptors)) == [each.keyword for each in theirs.channel_descriptors]
    for each in theirs.channel_descriptors:
        assert ours.get_channel_values(each.keyword) == theirs.get_channel_values(each)


def both_or_neither(ours: Any, theirs: Any, call: Any) -> tuple[Any, Any] | None:
    """Return both results; None if both raise, ours an exception that is also of the type of theirs."""
    try:
        expected = call(theirs)
    except (IndexError, TypeError, ValueError, RuntimeError) as error:
        with pytest.raises(type(error)):
            call(ours)
        return None
    return call(ours), expected


# --- Operations that return a volume ----------------------------------------------------------------------------------

OPERATIONS: dict[str, Any] = {
    "__getitem__": lambda case: st.tuples(st.tuples(*map(slices, case.spatial_shape))),
    "copy": lambda case: st.just(()),
    "crop_to_spatial_shape": lambda case: st.tuples(sizes(0, 4)),
    "flip_spatial": lambda case: st.tuples(st.one_of(st.integers(0, 2), st.lists(st.integers(0, 3), max_size=3))),
    "pad": lambda case: st.tuples(WIDTHS, PADDING),
    "pad_or_crop_to_spatial_shape": lambda case: st.tuples(sizes(1, 7), PADDING),
    "pad_to_spatial_shape": lambda case: st.tuples(sizes(3, 7), PADDING),
    "permute_spatial_axes": lambda case: st.tuples(st.sampled_from(AXES)),
    "random_flip_spatial": lambda case: st.tuples(st.permutations(range(3)).map(lambda axes: axes[:2])),
    "random_permute_spatial_axes": lambda case: st.tuples(
        st.one_of(st.permutations(range(3)), st.permutations(range(3)).map(lambda axes: axes[1:]))
    ),
    "random_spatial_crop": lambda case: st.tuples(sizes(1, 3)),
    "swap_spatial_axes": lambda case: st.tuples(st.integers(0, 2), st.integers(0, 2)),
    "to_patient_orientation": lambda case: st.tuples(st.sampled_from(ORIENTATIONS)),
    "ensure_handedness": lambda case: st.tuples(
        st.sampled_from(["LEFT_HANDED", "RIGHT_HANDED"]),
        st.one_of(
            st.fixed_dictionaries({"flip_axis": st.integers(0, 2)}),
            st.fixed_dictionaries({"swap_axes": st.permutations(range(3)).map(lambda axes: tuple(axes[:2]))}),
        ),
    ),
}


def of_package(volume: Any, name: str, arguments: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments as the package of the volume takes them."""
    options = arguments[-1] if arguments and isinstance(arguments[-1], dict) else {}
    positional = arguments[:-1] if options else arguments
    if name == "ensure_handedness":
        known = AxisHandedness if isinstance(volume, Volume | VolumeGeometry) else highdicom.AxisHandedness
        positional = (known(positional[0]),)
    return positional, options


@pytest.mark.parametrize("name", OPERATIONS)
@given(data=st.data(), case=cases(), seed=st.integers(0, 999))
@settings(max_examples=12)
def test_operations(xp: Any, name: str, data: st.DataObject, case: Case, seed: int) -> None:
    arguments = data.draw(OPERATIONS[name](case))
    ours, theirs = case.both(xp)

    def call(volume: Any) -> Any:
        np.random.seed(seed)  # noqa: NPY002
        positional, options = of_package(volume, name, arguments)
        return getattr(volume, name)(*positional, **options)

    results = both_or_neither(ours, theirs, call)
    if results is not None:
        # highdicom takes the mean of float32 in float32
        check(*results, xp, rtol=1e-6 if case.array.dtype == np.float32 and "pad" in name else 0.0)
    geometries = both_or_neither(ours.get_geometry(), theirs.get_geometry(), call)
    if geometries is not None:
        check_geometry(*geometries)


@given(case=cases(), data=st.data(), padding=PADDING)
@settings(max_examples=40)
def test_match_geometry(xp: Any, case: Case, data: st.DataObject, padding: dict[str, Any]) -> None:
    ours, theirs = case.both(xp)
    there = ours.get_geometry().permute_spatial_axes(data.draw(st.sampled_from(AXES)))
    there = there.flip_spatial(data.draw(st.lists(st.integers(0, 2))))
    there = there.pad(data.draw(st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 3)))
    there = there.crop_to_spatial_shape(data.draw(st.tuples(*(st.integers(1, size) for size in there.shape))))
    wanted = highdicom.VolumeGeometry(there.affine, there.spatial_shape, case.coordinate_system, "1.2.3")
    result = ours.match_geometry(there, **padding)
    assert result.geometry_equal(there, tol=1e-9)
    assert ours.get_geometry().match_geometry(there).geometry_equal(result, tol=None)
    expected = theirs.match_geometry(wanted, **{**padding, "mode": padding["mode"].upper()})
    # where a volume that begins no later ends earlier, highdicom 0.28 leaves the rest of the voxels in
    if expected.spatial_shape == wanted.spatial_shape:
        check(result, expected, xp, rtol=1e-6 if case.array.dtype == np.float32 else 0.0)


@given(case=cases(system="PATIENT"), other=affines())
@settings(max_examples=25)
def test_match_orientation(xp: Any, case: Case, other: np.ndarray) -> None:
    ours, theirs = case.both(xp)
    wanted = VolumeGeometry(other, (2, 3, 4), "PATIENT")
    result = ours.match_orientation(wanted)
    expected = theirs.match_orientation(highdicom.VolumeGeometry(other, (2, 3, 4), "PATIENT"))
    # highdicom goes by the letters of both, which for oblique volumes need not lead to axes that are nearly parallel
    closeness = [np.trace(each.direction.T @ wanted.direction) for each in (result, expected)]
    assert closeness[0] >= closeness[1] - 1e-9
    if closeness[0] < closeness[1] + 1e-6:
        check(result, expected, xp)
        check_geometry(ours.get_geometry().match_orientation(wanted), expected)


# --- Channels and values ----------------------------------------------------------------------------------------------


@given(case=cases(channels=1), data=st.data())
@settings(max_examples=25)
def test_channels(xp: Any, case: Case, data: st.DataObject) -> None:
    ours, theirs = case.both(xp)
    names = list(case.channels)
    for name in ("channel_shape", "number_of_channel_dimensions", "shape", "ndim"):
        assert getattr(ours, name) == getattr(theirs, name)
    order = data.draw(st.permutations(names))
    check(ours.permute_channel_axes(order), theirs.permute_channel_axes(order), xp)
    indices = [names.index(each) for each in order]
    check(ours.permute_channel_axes_by_index(indices), theirs.permute_channel_axes_by_index(indices), xp)
    # highdicom 0.28 does not find a channel by its keyword here
    squeezed = ours.squeeze_channel([name for name in names if len(case.channels[name]) == 1])
    check(squeezed, theirs.squeeze_channel(), xp)
    check(ours.squeeze_channel(), theirs.squeeze_channel(), xp)
    chosen = {name: data.draw(st.sampled_from(CHANNELS[name])) for name in data.draw(st.sets(st.sampled_from(names)))}
    for keepdims in (False, True):
        check(ours.get_channel(keepdims=keepdims, **chosen), theirs.get_channel(keepdims=keepdims, **chosen), xp)


@pytest.mark.parametrize("identifier", ["DiffusionBValue", 0x00189087, "EchoTime", "PatientPosition"])
def test_channel_descriptors(identifier: str | int) -> None:
    ours, theirs = ChannelDescriptor(identifier), highdicom.ChannelDescriptor(identifier)
    for name in ("description", "is_custom", "is_enumerated", "keyword", "tag", "value_type"):
        assert getattr(ours, name) == getattr(theirs, name)
    for each in (hd, highdicom):
        assert each.ChannelDescriptor("model", is_custom=True, value_type=int).description is None


@given(case=cases([each for each in DTYPES if each != "bool"]), target=st.sampled_from(DTYPES[1:]))
@settings(max_examples=25)
def test_values(xp: Any, case: Case, target: str) -> None:
    ours, theirs = case.both(xp)
    results = both_or_neither(ours, theirs, lambda volume: volume.astype(np.dtype(target)))
    if results is not None:
        check(*results, xp)
    for bounds in ((3, 20), (None, 7), (3.5, None)):
        check(ours.clip(*bounds), theirs.clip(*bounds), xp)
    array = np.ones(case.array.shape[:3], dtype=np.float32)
    check(ours.with_array(xp.asarray(array), {}), theirs.with_array(array, {}), xp)


@given(case=cases(["uint8", "int16", "int32", "float32", "float64"]), per_channel=st.booleans())
@settings(max_examples=15)
def test_normalisation(xp: Any, case: Case, per_channel: bool) -> None:
    ours, theirs = case.both(xp)
    tolerance = 1e-5 if case.array.dtype == np.float32 else 1e-12
    # highdicom divides by zero where all values are equal
    if (np.ptp(case.array, axis=(0, 1, 2) if per_channel else None) > 0).all():
        for name, arguments in (
            ("normalize_mean_std", (per_channel, 5.0, 2.0)),
            ("normalize_min_max", (-1.0, 2.0, per_channel)),
        ):
            check(getattr(ours, name)(*arguments), getattr(theirs, name)(*arguments), xp, rtol=tolerance)


# --- What is asked of the geometry ------------------------------------------------------------------------------------

PROPERTIES = [
    "affine", "center_indices", "center_position", "coordinate_system", "direction", "direction_cosines",
    "frame_of_reference_uid", "handedness", "inverse_affine", "ndim", "nearest_center_indices", "physical_extent",
    "physical_volume", "pixel_spacing", "position", "shape", "spacing", "spacing_between_slices", "spatial_shape",
    "voxel_volume",
]  # fmt: skip
QUESTIONS = [
    "get_closest_patient_orientation", "get_pixel_measures", "get_plane_orientation", "get_plane_positions",
    "spacing_vectors", "unit_vectors",
]  # fmt: skip


@given(case=cases(), data=st.data())
@settings(max_examples=25)
def test_questions(xp: Any, case: Case, data: st.DataObject) -> None:
    ours, theirs = case.both(xp)
    for one, other in ((ours, theirs), (ours.get_geometry(), theirs.get_geometry())):
        for name in PROPERTIES:
            value, expected = plain(getattr(one, name)), plain(getattr(other, name))
            if isinstance(expected, str) or expected is None:
                assert value == expected, name
            else:
                np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12, err_msg=name)
        for name in QUESTIONS:
            results = both_or_neither(one, other, lambda volume, name=name: getattr(volume, name)())
            if results is not None and name.startswith("get"):
                assert plain(results[0]) == plain(_in_units_of_the_standard(results[1])), name
            elif results is not None:
                np.testing.assert_array_equal(results[0], results[1], err_msg=name)
        index = data.draw(st.integers(-2, 4))
        results = both_or_neither(one, other, lambda volume, index=index: volume.get_plane_position(index))
        if results is not None:
            assert plain(results[0]) == plain(_in_units_of_the_standard(results[1]))
        convention = data.draw(st.sampled_from(["LPH", "RAH", "HLP", None]))
        np.testing.assert_array_equal(one.get_affine(convention), other.get_affine(convention))


@given(case=cases(), points=st.lists(st.tuples(*[st.floats(-5, 9)] * 3), min_size=1), check_bounds=st.booleans())
@settings(max_examples=25)
def test_points(case: Case, points: list[Any], check_bounds: bool) -> None:
    ours, theirs = case.of(hd, case.array), case.of(highdicom, case.array)
    indices = np.array(points)
    positions = theirs.map_indices_to_reference(indices)
    np.testing.assert_allclose(ours.map_indices_to_reference(indices), positions, rtol=1e-12, atol=1e-10)
    results = both_or_neither(
        ours, theirs, lambda volume: volume.map_reference_to_indices(positions, check_bounds=check_bounds)
    )
    if results is not None:
        np.testing.assert_allclose(*results, rtol=1e-12, atol=1e-10)


@given(affine=affines(), change=st.sampled_from([0.0, 5e-6, 1e-3]), axis=st.integers(0, 2))
def test_geometry_equal(affine: np.ndarray, change: float, axis: int) -> None:
    affine[:3, 3] = [0.0, 0.25, -0.5]  # near the origin highdicom's relative tolerance is of no account
    moved = affine.copy()
    moved[axis, 3] += change

    def answers(package: Any) -> list[bool]:
        one, other = (package.VolumeGeometry(each, (2, 3, 4), "PATIENT") for each in (affine, moved))
        return [bool(one.geometry_equal(other)), bool(one.geometry_equal(other, tol=None))]

    assert answers(hd) == answers(highdicom)


# --- Construction -----------------------------------------------------------------------------------------------------


@given(affine=affines(), data=st.data())
def test_from_components(affine: np.ndarray, data: st.DataObject) -> None:
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    # with letters highdicom applies the convention to them, too: FPL from RAH comes out as FAR
    oriented = data.draw(st.booleans())
    arguments: dict[str, Any] = {
        "spacing": lengths.tolist(),
        data.draw(st.sampled_from(["position", "center_position"])): affine[:3, 3].tolist(),
        "coordinate_system": "PATIENT",
    }
    if oriented:
        arguments["patient_orientation"] = data.draw(st.sampled_from(ORIENTATIONS))
    else:
        arguments["direction"] = affine[:3, :3] / lengths
        arguments["from_reference_convention"] = data.draw(st.sampled_from(["LPH", "RAH", "HLP", None]))
    array = np.zeros((2, 3, 4))
    expected = highdicom.Volume.from_components(array, **arguments)
    check_geometry(Volume.from_components(array, **arguments), expected)
    check_geometry(VolumeGeometry.from_components((2, 3, 4), **arguments), expected)


@given(affine=affines())
def test_from_attributes(affine: np.ndarray) -> None:
    cosines = affine[:3, [2, 1]] / np.linalg.norm(affine[:3, [2, 1]], axis=0)
    arguments = {
        "image_position": affine[:3, 3].tolist(),
        "image_orientation": cosines.T.ravel().tolist(),
        "pixel_spacing": [0.5, 0.75],
        "spacing_between_slices": 2.5,
        "coordinate_system": "PATIENT",
    }
    array = np.zeros((2, 3, 4))
    expected = highdicom.Volume.from_attributes(array=array, **arguments)
    check_geometry(Volume.from_attributes(array=array, **arguments), expected)
    sizes = {"number_of_frames": 2, "rows": 3, "columns": 4}
    check_geometry(VolumeGeometry.from_attributes(**arguments, **sizes), expected)


# --- Completeness -----------------------------------------------------------------------------------------------------

ELSEWHERE = {
    *("array", "dtype"),  # set and read in all of these
    *("from_itk", "from_nibabel", "from_simpleitk", "to_itk", "to_nibabel", "to_simpleitk"),  # tests/volume
}
HERE = {
    *OPERATIONS, *PROPERTIES, *QUESTIONS, "match_geometry", "match_orientation",
    "astype", "clip", "with_array", "normalize_mean_std", "normalize_min_max",
    "channel_descriptors", "channel_shape", "get_channel", "get_channel_values", "number_of_channel_dimensions",
    "permute_channel_axes", "permute_channel_axes_by_index", "squeeze_channel",
    "from_attributes", "from_components", "geometry_equal", "get_affine", "get_geometry", "get_plane_position",
    "map_indices_to_reference", "map_reference_to_indices",
}  # fmt: skip


@pytest.mark.parametrize(
    "ours",
    [
        Volume, VolumeGeometry, ChannelDescriptor, VolumeToVolumeTransformer,
        PixelMeasuresSequence, PlaneOrientationSequence, PlanePositionSequence,
    ],
)  # fmt: skip
def test_every_method_is_there_with_the_same_parameters(ours: type) -> None:
    theirs = getattr(highdicom, ours.__name__)
    public = {each for each in dir(theirs) if not each.startswith("_")}
    if ours in (Volume, VolumeGeometry):
        assert public <= HERE | ELSEWHERE
    for each in ["__init__", *public]:
        method = getattr(theirs, each)
        if not callable(method) or (hasattr(pydicom.Sequence, each) and each != "__init__"):
            assert hasattr(ours, each)
            continue
        known = dict(inspect.signature(getattr(ours, each)).parameters)
        for parameter in inspect.signature(method).parameters.values():
            assert known[parameter.name].kind == parameter.kind, each
            assert plain(known.pop(parameter.name).default) == plain(parameter.default), each
        # ours beyond it
        assert all(extra.kind is inspect.Parameter.KEYWORD_ONLY for extra in known.values()), each
