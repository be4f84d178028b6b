"""How a notebook shows a volume."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from hdgpu.volume import RGB_COLOR_CHANNEL_DESCRIPTOR, ChannelDescriptor, Volume

AFFINE = np.array([[0, 0, 0.5, -1], [0, 0.7, 0, -2], [-3.0, 0, 0, 9], [0, 0, 0, 1]])
ARRAY = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)


def picture_in(text):
    data = re.search(r'base64,([^"]+)"', text).group(1)
    return Image.open(io.BytesIO(base64.b64decode(data)))


def table_in(text):
    return dict(re.findall(r"<th[^>]*>(.*?)</th><td[^>]*>(.*?)</td>", text))


def test_table(xp):
    table = table_in(Volume(xp.asarray(ARRAY), AFFINE, "PATIENT")._repr_html_())
    assert table["shape"] == "4 &times; 5 &times; 6"
    assert table["data type"] == "float32"
    assert table["spacing"] == "3 &times; 0.7 &times; 0.5 mm"
    assert table["position"] == "(-1, -2, 9) mm"
    assert table["orientation"] == "FPL"
    assert table["coordinate system"] == "PATIENT"


def test_the_picture_shows_the_voxels():
    picture = picture_in(Volume(ARRAY, AFFINE, "PATIENT")._repr_html_())
    assert picture.mode == "L"
    assert picture.getextrema() == (0, 255)


def test_a_slide_has_no_patient_orientation():
    assert "orientation" not in table_in(Volume(ARRAY, AFFINE, "SLIDE")._repr_html_())


def test_no_identifier_is_shown():
    text = Volume(
        np.zeros((2, 3, 4, 1, 2)), AFFINE, "PATIENT", "1.2.3.4567",
        channels={"PatientName": ["Doe^John"], ChannelDescriptor("site", is_custom=True, value_type=str): ["a", "b"]},
    )._repr_html_()  # fmt: skip
    assert not re.search("Doe|John|4567", text)
    assert table_in(text)["PatientName"] == "1 values"


def test_channels():
    array = np.stack([ARRAY, np.zeros_like(ARRAY)], axis=-1)
    text = Volume(array, AFFINE, "PATIENT", channels={"DiffusionBValue": [0.0, 1000.0]})._repr_html_()
    assert table_in(text)["DiffusionBValue"] == "0.0, 1000.0"
    assert picture_in(text).getextrema() == (0, 255)
    many = Volume(np.zeros((2, 3, 4, 9)), AFFINE, "PATIENT", channels={"DiffusionBValue": [float(i) for i in range(9)]})
    assert table_in(many._repr_html_())["DiffusionBValue"].endswith("... (9 values)")


def test_colour_beside_another_channel():
    array = np.zeros((2, 3, 4, 2, 3), np.uint8)
    array[:, :, :, 0, 0] = 255
    channels = {"EchoTime": [1.0, 2.0], RGB_COLOR_CHANNEL_DESCRIPTOR: ["R", "G", "B"]}
    picture = picture_in(Volume(array, AFFINE, "PATIENT", channels=channels)._repr_html_())
    assert picture.getpixel((5, picture.height // 2)) == (255, 0, 0)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16])
def test_it_is_well_formed_for_every_type(dtype):
    open_tags = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag, attrs):
            open_tags.append(tag)

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

    Checker().feed(Volume(np.ones((1, 1, 1), dtype), np.eye(4), "PATIENT")._repr_html_())
    assert open_tags == []
