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
def decode_jpeg2000(data: Any, out: Any, rows: int, columns: int, components: int, signed: bool) -> bool: ...
def convert_frame(
    stored: Any, out: Any, types: str, slope: float, intercept: float, exact: bool, stream: bool
) -> None: ...
