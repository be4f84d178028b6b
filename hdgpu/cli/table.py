"""Plain text tables."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["format_table", "printable", "shorten"]

_GAP = "  "


def printable(text: str) -> str:
    r"""Return text from a file without what could steer a terminal.

    Examples
    --------
    >>> printable("Head\x1b[2J 5 mm")
    'Head?[2J 5 mm'
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def shorten(text: str, width: int) -> str:
    """Return `text` cut to `width` characters, with an ellipsis where something was cut.

    Examples
    --------
    >>> shorten("Thorax with contrast", 10)
    'Thorax wi…'
    """
    return text if len(text) <= width else text[: width - 1] + "…"


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """Return a table with aligned columns.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        One sequence for each row, as long as the header.
    right : sequence of str, optional
        Names of the columns that are aligned to the right.

    Examples
    --------
    >>> print(format_table(["stage", "ms"], [["read", "3.1"], ["decode", "120.0"]], right=["ms"]))
    stage      ms
    ------  -----
    read      3.1
    decode  120.0
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for row in (header, ["-" * width for width in widths], *rows):
        cells = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(header, row, widths, strict=True)
        )
        lines.append(_GAP.join(cells).rstrip())
    return "\n".join(lines)
