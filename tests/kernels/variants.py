"""With which macros each kernel is compiled for every architecture: together they take each branch of the source."""

from __future__ import annotations

from itertools import product

VARIANTS: dict[str, list[dict[str, str | int]]] = {
    "rle": [{}],
    "transform": [
        {"STORED": stored, "OUT": out, "WORKING": working, "OPERATION": operation, "CHECK": check}
        for stored, out, working, operation, check in (
            ("uint8", "uint8", "float32", "IDENTITY", 0),
            ("int16", "float32", "float32", "AFFINE", 0),
            ("uint16", "float16", "float64", "AFFINE", 1),
            ("float64", "bfloat16", "float64", "IDENTITY", 0),
            ("float32", "float64", "float64", "RAMP", 0),
            ("uint32", "int16", "float64", "AFFINE", 1),
            ("int32", "float32", "float64", "SIGMOID", 1),
            ("int8", "uint16", "float64", "TABLE", 0),
        )
    ],
    "palette": [
        {"STORED": stored, "OUT": out, "CHECK": check}
        for stored, out, check in (
            ("uint8", "uint8", 0),
            ("int8", "float64", 2),
            ("uint16", "uint16", 0),
            ("int16", "float16", 2),
            ("uint16", "bfloat16", 0),
        )
    ],
    "samples": [
        {"WORD": word, "SIGNED": signed, "ORDER": order, "CHECK": check}
        for word, signed, order, check in (
            ("uint8", 0, "WORDS", 0),
            ("uint8", 1, "LITTLE", 1),
            ("uint16", 1, "BIG", 1),
            ("uint16", 0, "LITTLE", 0),
            ("uint32", 1, "BIG", 0),
            ("uint64", 0, "BIG", 1),
        )
    ],
    "unpack_bits": [{}],
    "ybr": [{"LAYOUT": layout, "PARTIAL": partial} for layout, partial in (("PIXELS", 0), ("PLANES", 0), ("PAIRS", 1))],
    "color_table": [{"OUT": out} for out in ("uint8", "int16", "float32", "bfloat16")],
}
ARCHITECTURES = ("75", "80", "86", "89", "90", "100", "120")


def all_variants() -> list[tuple[str, str, dict[str, str | int]]]:
    """Return architecture, kernel and macros of everything that is compiled."""
    each = [(name, macros) for name, several in VARIANTS.items() for macros in several]
    return [(architecture, name, macros) for architecture, (name, macros) in product(ARCHITECTURES, each)]
