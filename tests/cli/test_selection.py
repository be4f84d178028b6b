"""Choosing one series."""

from types import SimpleNamespace

import pytest

from hdgpu.cli.selection import select_series
from hdgpu.errors import AmbiguousSeriesError, EmptySeriesError

SERIES = [
    SimpleNamespace(series_instance_uid="1.2.3", series_number=4, number_of_frames=1),
    SimpleNamespace(series_instance_uid="1.2.4", series_number=4, number_of_frames=1),
    SimpleNamespace(series_instance_uid="1.2.5", series_number=None, number_of_frames=1),
    SimpleNamespace(series_instance_uid="1.2.6", series_number=6, number_of_frames=0),
]


@pytest.mark.parametrize(("wanted", "index"), [("1.2.3", 0), ("1.2.5", 2)])
def test_by_uid(wanted, index):
    assert select_series(SERIES, wanted, source="folder") is SERIES[index]


def test_by_number():
    assert select_series(SERIES[1:], "4", source="folder") is SERIES[1]


def test_the_only_one():
    assert select_series(SERIES[:1], None, source="folder") is SERIES[0]


@pytest.mark.parametrize("wanted", [None, "4"])
def test_several(wanted):
    with pytest.raises(AmbiguousSeriesError, match=r"1\.2\.3 \(number 4\), 1\.2\.4 .*--series"):
        select_series(SERIES, wanted, source="folder")


def test_many_are_not_all_listed():
    many = [SimpleNamespace(series_instance_uid=f"1.{n}", series_number=n, number_of_frames=1) for n in range(100)]
    with pytest.raises(AmbiguousSeriesError, match=r"100 series .*1\.7 \(number 7\), \.\.\.\)"):
        select_series(many, None, source="folder")


@pytest.mark.parametrize(
    ("series", "wanted"), [([], None), (SERIES[3:], None), (SERIES, "1.9"), (SERIES, "None"), (SERIES, "6")]
)
def test_none(series, wanted):
    with pytest.raises(EmptySeriesError, match="hdgpu info folder"):
        select_series(series, wanted, source="folder")
