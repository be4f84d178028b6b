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
    "resample_across": [
        {"SOURCE": source, "OUT": out, "WORKING": working, "ORDER": order, "PLACE": place}
        for place in ("int32", "int64")
        for source, out, working, order in (
            ("uint16", "uint16", "uint16", "NEAREST"),
            ("uint64", "uint64", "uint64", "NEAREST"),
            ("int16", "int16", "float32", "LINEAR"),
            ("float32", "float32", "float32", "LINEAR"),
            ("int8", "uint32", "float64", "LINEAR"),
            ("float64", "float32", "float64", "LINEAR"),
            ("float32", "uint8", "float32", "CUBIC"),
            ("float64", "int32", "float64", "CUBIC"),
        )
    ],
    "resample_along": [
        {
            "SOURCE": source,
            "OUT": out,
            "WORKING": working,
            "PLACE": place,
            "TAPS0": taps[0],
            "TAPS1": taps[1],
            "TAPS2": taps[2],
        }
        for place in ("int32", "int64")
        for source, out, working, taps in (
            ("uint8", "uint8", "uint8", (1, 1, 1)),
            ("int16", "float32", "float32", (1, 1, 1)),
            ("uint16", "uint16", "float32", (2, 2, 2)),
            ("float32", "float32", "float32", (1, 2, 1)),
            ("int32", "float64", "float64", (2, 1, 2)),
            ("float32", "int8", "float32", (4, 4, 4)),
            ("float64", "uint32", "float64", (1, 4, 4)),
        )
    ],
    "spline_filter": [{"WORKING": working, "TILED": tiled} for working in ("float32", "float64") for tiled in (0, 1)],
    "statistics": [
        *({"VALUE": value, "STAGE": "PARTIAL"} for value in ("uint8", "int16", "uint64", "float16", "bfloat16")),
        *({"VALUE": value, "STAGE": "PARTIAL"} for value in ("float32", "float64")),
        {"VALUE": "float64", "STAGE": "MERGE"},
    ],
    "normalize": [
        {"VALUE": value, "WORKING": working, "OUT": out, "SCALE": scale}
        for value, working, out, scale in (
            ("int16", "float64", "float64", "DIVIDE"),
            ("float32", "float32", "float32", "DIVIDE"),
            ("float16", "float32", "float16", "MULTIPLY"),
            ("bfloat16", "float32", "bfloat16", "MULTIPLY"),
        )
    ],
}
ARCHITECTURES = ("75", "80", "86", "89", "90", "100", "120")


def all_variants() -> list[tuple[str, str, dict[str, str | int]]]:
    """Return architecture, kernel and macros of everything that is compiled."""
    each = [(name, macros) for name, several in VARIANTS.items() for macros in several]
    return [(architecture, name, macros) for architecture, (name, macros) in product(ARCHITECTURES, each)]
