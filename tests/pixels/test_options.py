from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

from hdgpu.pixels.options import TransformKeywords, TransformOptions


def test_keywords_are_the_switches() -> None:
    assert get_type_hints(TransformKeywords) == get_type_hints(TransformOptions)
    assert list(TransformKeywords.__annotations__) == [each.name for each in fields(TransformOptions)]
    assert not TransformKeywords.__required_keys__
