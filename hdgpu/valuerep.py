"""Checks of values that are to be written: the names of ``highdicom.valuerep``.

The checks of all value representations are in `hdgpu.attributes`, where content classes use them.
"""

from __future__ import annotations

from hdgpu.attributes.values import check_code_string, check_person_name

__all__ = ["check_code_string", "check_person_name"]
