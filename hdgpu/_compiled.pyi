"""Types of the compiled extension: see compiled/module.cpp."""

from typing import Any

def scan_headers(
    paths: list[str], wanted: bytes
) -> list[tuple[int, str, bool, dict[int, bytes], int, str, int, int] | None]: ...
def load_frames(
    rle: bool,
    paths: list[str],
    offsets: list[int],
    lengths: list[int],
    out: Any,
    places: list[int],
    samples: int,
    types: str,
    slopes: list[float],
    intercepts: list[float],
    exact: bool,
    stored_range: tuple[int, int],
    stream: bool,
) -> int: ...
def decode_jpeg2000(
    data: Any, out: Any, rows: int, columns: int, components: int, signed: bool, threads: int = 1
) -> bool: ...
def decode_jpeg_ls(data: Any, out: Any, rows: int, columns: int, signed: bool) -> bool: ...
def convert_frame(
    stored: Any, out: Any, types: str, slope: float, intercept: float, exact: bool, stream: bool
) -> None: ...
def copy_strided(source: Any, out: Any, /) -> bool: ...
def to_half(types: str, values: Any, out: Any, /) -> bool: ...
def check_jpeg_scan(
    data: bytes, offset: int, precision: int, mcus: int, components: bytes, tables: tuple[tuple[int, bytes], ...], /
) -> bool | None: ...
def look_up_frame(stored: Any, out: Any, table: Any, width: int, cell: int, stream: bool) -> None: ...
def resample_along(
    types: str,
    source: Any,
    out: Any,
    tables: tuple[tuple[int, Any, Any], ...],
    fill: bytes,
    first: int,
    last: int,
    /,
) -> None: ...
def resample_across(
    types: str,
    order: int,
    source: Any,
    out: Any,
    offset: tuple[float, ...],
    steps: tuple[tuple[float, ...], ...],
    fill: bytes,
    first: int,
    last: int,
    /,
) -> None: ...
def spline_filter(
    types: str, source: Any, coefficients: Any, starts: tuple[Any, Any, Any], across: bool, first: int, last: int, /
) -> None: ...
