"""What the README says of the code is what the code says of itself."""

from pathlib import Path

import pytest

from hdgpu import errors
from hdgpu.codecs.syntax_table import syntax_table
from hdgpu.compiled import extension

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- syntax table: made by hdgpu.codecs.syntax_table -->", "<!-- end of the syntax table -->"


@pytest.mark.skipif(extension() is None, reason="the table is that of an installation with the compiled extension")
def test_table_of_transfer_syntaxes():
    text = README.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == syntax_table()


def test_every_error_is_in_the_table():
    text = README.read_text(encoding="utf-8")
    assert [name for name in errors.__all__ if f"`{name}`" not in text and f".{name}`" not in text] == []
