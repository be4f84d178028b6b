"""``hdgpu preview``: what it writes is a picture of the series, whole or not at all."""

import pydicom.data
import pytest
from PIL import Image

from hdgpu.cli.main import main


def test_picture_is_written(tmp_path, capsys):
    target = tmp_path / "a.png"
    assert main(["preview", pydicom.data.get_testdata_file("eCT_Supplemental.dcm"), str(target)]) == 0
    with Image.open(target) as picture:
        assert picture.mode == "L"
        assert f"{picture.width} x {picture.height} pixels" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--force"]])
def test_a_picture_that_exists_is_replaced_only_when_asked(tmp_path, arguments):
    target = tmp_path / "a.png"
    target.write_text("precious")
    status = main(["preview", pydicom.data.get_testdata_file("eCT_Supplemental.dcm"), str(target), *arguments])
    assert status == (0 if arguments else 1)
    assert (target.read_bytes() == b"precious") == (not arguments)


def test_width_must_be_positive(tmp_path, capsys):
    assert main(["preview", "nowhere", str(tmp_path / "a.png"), "--window", "-600", "0"]) == 1
    assert "width must be positive" in capsys.readouterr().err
