"""What transformers do beside highdicom's, or unlike them; parity is in tests/parity/test_spatial.py."""

import numpy as np
import pytest

from hdgpu.array.interop import to_numpy
from hdgpu.errors import GeometryMismatchError, HdgpuError, OutOfBoundsError, VolumeError, VolumeIndexError
from hdgpu.geometry.attributes import read_image_plane
from hdgpu.spatial import (
    ImageToImageTransformer,
    ImageToReferenceTransformer,
    PixelToPixelTransformer,
    PixelToReferenceTransformer,
    ReferenceToImageTransformer,
    ReferenceToPixelTransformer,
    map_pixel_into_coordinate_system,
)
from tests.geometry import images

PLANE = ([56.0, 34.2, 1.0], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0], [0.5, 0.7])
SINGLE = [
    PixelToReferenceTransformer,
    ImageToReferenceTransformer,
    ReferenceToPixelTransformer,
    ReferenceToImageTransformer,
]
DOUBLE = [PixelToPixelTransformer, ImageToImageTransformer]


def test_by_the_equation_of_the_standard():
    """PS3.3 equation C.7.6.2.1-1, term by term."""
    position, cosines, spacing = [1.0, -2.0, 3.0], [0.0, 0.6, 0.8, 0.0, 0.8, -0.6], [0.25, 4.0]
    column, row = 7, 11
    expected = [
        cosines[axis] * spacing[1] * column + cosines[3 + axis] * spacing[0] * row + position[axis] for axis in range(3)
    ]
    found = PixelToReferenceTransformer(position, cosines, spacing)(np.array([[column, row]]))
    np.testing.assert_allclose(found, [expected], rtol=1e-15)
    half = ImageToReferenceTransformer(position, cosines, spacing)(np.array([[column + 0.5, row + 0.5]]))
    np.testing.assert_allclose(half, [expected], rtol=1e-14)


def test_there_and_back(xp):
    indices = xp.asarray(np.random.default_rng(3).integers(0, 512, (20, 2)))
    there = PixelToReferenceTransformer(*PLANE)(indices)
    back = ReferenceToPixelTransformer(*PLANE, drop_slice_index=True)(there)
    assert xp.is_mine(back)
    np.testing.assert_array_equal(to_numpy(back), to_numpy(indices))


@pytest.mark.parametrize("kind", [*SINGLE, *DOUBLE])
def test_the_affine_handed_out_leads_not_back_into_the_transformer(kind):
    transformer = kind(*PLANE) if kind in SINGLE else kind(*PLANE, *PLANE)
    before = transformer.affine.copy()
    transformer.affine[:] = 7.0
    np.testing.assert_array_equal(transformer.affine, before)


BAD_PLANES = [
    ({0: [1.0, 2.0]}, VolumeError),
    ({0: [1.0, 2.0, np.nan]}, VolumeError),
    ({0: None}, TypeError),
    ({1: [1.0, 0.0, 0.0, 0.0, 1.0]}, VolumeError),
    ({1: [2.0, 0.0, 0.0, 0.0, 1.0, 0.0]}, VolumeError),
    ({1: [1.0, 0.0, 0.0, 0.6, 0.8, 0.0]}, VolumeError),
    ({1: [0.0] * 6}, VolumeError),
    ({1: 1.0}, TypeError),
    ({2: [1.0]}, VolumeError),
    ({2: [0.0, 1.0]}, VolumeError),
    ({2: [-1.0, 1.0]}, VolumeError),
    ({2: [np.inf, 1.0]}, VolumeError),
    ({2: 1.0}, TypeError),
]


@pytest.mark.parametrize(("wrong", "kind"), BAD_PLANES)
@pytest.mark.parametrize("transformer", [*SINGLE, *DOUBLE])
def test_planes_that_are_none_are_refused(transformer, wrong, kind):
    plane = [wrong.get(place, value) for place, value in enumerate(PLANE)]
    for arguments in [plane] if transformer in SINGLE else [[*plane, *PLANE], [*PLANE, *plane]]:
        with pytest.raises(kind):
            transformer(*arguments)


@pytest.mark.parametrize("between", [0.0, np.nan, np.inf])
def test_slices_have_a_distance(between):
    for kind in (ReferenceToPixelTransformer, ReferenceToImageTransformer):
        with pytest.raises(VolumeError, match="spacing_between_slices"):
            kind(*PLANE, between)


def test_positions_off_the_plane_are_told(xp):
    positions = xp.asarray([[56.0, 34.2, 1.0], [56.0, 34.2, 1.51], [56.0, 34.2, np.nan]])
    options = {ReferenceToPixelTransformer: "drop_slice_index", ReferenceToImageTransformer: "drop_slice_coord"}
    for kind, option in options.items():
        with pytest.raises(OutOfBoundsError, match=r"2 of 3 positions .* found 0\.51 in row 1") as caught:
            kind(*PLANE, **{option: True})(positions)
        assert isinstance(caught.value, RuntimeError)
        assert tuple(kind(*PLANE, **{option: True})(positions[:0, :]).shape) == (0, 2)


def test_positions_that_are_nowhere_have_no_index(xp):
    with pytest.raises(VolumeError, match="not finite"):
        ReferenceToPixelTransformer(*PLANE)(xp.asarray([[np.nan, 0.0, 0.0]]))
    assert np.isnan(to_numpy(ReferenceToImageTransformer(*PLANE)(xp.asarray([[np.nan, 0.0, 0.0]])))).all()


@pytest.mark.parametrize("index", [[1.5, 2], [True, 0.5]])
def test_an_index_is_of_whole_numbers(index):
    with pytest.raises(TypeError, match="whole numbers"):
        map_pixel_into_coordinate_system(index, *PLANE)


def test_images_in_different_places_are_not_mapped_to_each_other():
    elsewhere = ([56.0, 34.2, 1.1], *PLANE[1:])
    for kind in DOUBLE:
        with pytest.raises(GeometryMismatchError, match="same plane"):
            kind(*PLANE, *elsewhere)
        one = images.single_frame()
        for other, message in (
            (images.single_frame(FrameOfReferenceUID="1.9"), "frame of reference"),
            (images.single_frame(FrameOfReferenceUID=""), "FrameOfReferenceUID"),
        ):
            with pytest.raises(ValueError, match=message):
                kind.for_images(one, other)


# --- Data sets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, -1, 4])
def test_frames_that_are_none(number):
    with pytest.raises(VolumeIndexError, match=f"expected 1 to 3, found {number}"):
        read_image_plane(images.multi_frame(), number)


@pytest.mark.parametrize("number", [0, -1, 19])
def test_tiles_that_are_none(number):
    with pytest.raises(VolumeIndexError, match=f"expected 1 to 18, found {number}"):
        read_image_plane(images.tiled(paths=2), number)


def test_frame_numbers_where_there_is_nothing_to_choose():
    with pytest.raises(TypeError, match="None or 1"):
        read_image_plane(images.single_frame(), 2)
    with pytest.raises(TypeError, match="must be specified"):
        read_image_plane(images.multi_frame())
    with pytest.raises(TypeError, match="no meaning"):
        read_image_plane(images.tiled(), 1, for_total_pixel_matrix=True)
    with pytest.raises(TypeError):
        read_image_plane(images.multi_frame(), 1.0)


def test_an_instance_of_a_concatenation_counts_its_frames_from_one():
    whole, part = images.tiled(), images.tiled(ConcatenationFrameOffsetNumber=4)
    assert read_image_plane(part, 2) == read_image_plane(whole, 6)


def test_focal_planes_at_an_unknown_distance_are_refused():
    with pytest.raises(HdgpuError, match="2 focal planes are apart"):
        read_image_plane(images.tiled(focal_planes=2), 1)


def test_no_attribute_of_a_patient_is_in_a_message():
    lacking = images.without(images.single_frame(PatientName="Doe^Jane", PatientID="4711"), "PixelSpacing")
    with pytest.raises(HdgpuError) as caught:
        read_image_plane(lacking)
    assert "Doe" not in str(caught.value)
    assert "4711" not in str(caught.value)


def test_private_images_say_themselves_whether_they_have_frames():
    private = images.multi_frame()
    private.SOPClassUID = "1.3.12.2.1107.5.9.1"
    assert read_image_plane(private, 2).image_position == (1.0, 2.0, 3.0)
    private = images.single_frame(SOPClassUID="1.3.12.2.1107.5.9.1")
    assert read_image_plane(private).pixel_spacing == (0.5, 0.7)
