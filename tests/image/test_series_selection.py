from __future__ import annotations

import pytest

import hdgpu as hd
from hdgpu.errors import AmbiguousSeriesError, EmptySeriesError, NoPixelDataError
from hdgpu.image.series import Series
from hdgpu.image.series_selection import select_series
from tests.make_series import make_series


def series_of(uid: str, number: int | None, *, pixels: bool = True, study: str = "1.2.3") -> Series:
    (dataset,), _ = make_series(1, SeriesInstanceUID=uid, SeriesNumber=number, StudyInstanceUID=study)
    if not pixels:
        del dataset.PixelData
    return hd.read_series(dataset)[0]


@pytest.fixture(scope="module")
def found() -> list[Series]:
    return [
        series_of("1.2.3", 4),
        series_of("1.2.4", 4),
        series_of("1.2.5", None),
        series_of("1.2.6", 6, pixels=False),
    ]


@pytest.mark.parametrize(("wanted", "index"), [("1.2.3", 0), ("1.2.5", 2)])
def test_by_uid(found: list[Series], wanted: str, index: int) -> None:
    assert select_series(found, wanted, "folder") is found[index]


@pytest.mark.parametrize("wanted", [4, "4"])
def test_by_number(found: list[Series], wanted: str | int) -> None:
    assert select_series(found[1:], wanted, "folder") is found[1]


def test_the_only_one_with_pixel_data(found: list[Series]) -> None:
    assert select_series(found[2:], None, "folder") is found[2]


@pytest.mark.parametrize("wanted", [None, "4"])
def test_several(found: list[Series], wanted: str | None) -> None:
    with pytest.raises(AmbiguousSeriesError, match=r"1\.2\.3 \(number 4\), 1\.2\.4 .*`series=`"):
        select_series(found, wanted, "folder")


def test_many_are_not_all_listed() -> None:
    many = [series_of(f"1.{number}", number) for number in range(20)]
    with pytest.raises(AmbiguousSeriesError, match=r"20 series .*1\.7 \(number 7\), \.\.\.\)"):
        select_series(many, None, "folder")


@pytest.mark.parametrize("wanted", ["1.9", "None", "6"])
def test_not_one_of_them(found: list[Series], wanted: str) -> None:
    with pytest.raises(EmptySeriesError, match=r"folder: no series is the one asked for .*1\.2\.3"):
        select_series(found, wanted, "folder")


def test_nothing_to_choose_from(found: list[Series]) -> None:
    with pytest.raises(EmptySeriesError, match="there is no DICOM file"):
        select_series([], None, "folder")
    with pytest.raises(NoPixelDataError, match="there is no file with pixel data"):
        select_series(found[3:], None, "folder")


def test_one_uid_in_two_studies() -> None:
    found = [series_of("1.2.3", 4, study="1.1"), series_of("1.2.3", 4, study="1.2"), series_of("1.5", 4)]
    with pytest.raises(
        AmbiguousSeriesError, match=r"1\.1/1\.2\.3 \(number 4\), 1\.2/1\.2\.3 .*by its UID as it stands"
    ):
        select_series(found, "1.2.3", "folder")
    assert select_series(found, "1.2/1.2.3", "folder") is found[1]
    assert select_series(found, "1.2.3/1.5", "folder") is found[2]
    with pytest.raises(EmptySeriesError):
        select_series(found, "1.9/1.2.3", "folder")
