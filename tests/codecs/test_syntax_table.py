"""The table of what runs where has everything that the routes know."""

from __future__ import annotations

import inspect
import re

import pytest

from hdgpu.codecs.device import route
from hdgpu.codecs.device.nvimgcodec import KINDS
from hdgpu.codecs.route import supported_transfer_syntaxes
from hdgpu.codecs.syntax_table import syntax_table
from tests.codecs.test_device_route import LEFT_TO_THE_HOST

ROOT = "1.2.840.10008.1.2"


def rows() -> list[list[str]]:
    lines = syntax_table().splitlines()
    assert set(lines[1]) == set("|- ")
    return [line.strip("| ").split(" | ") for line in (lines[0], *lines[2:])]


def test_every_transfer_syntax_once_with_its_first_decoder() -> None:
    found = {}
    for _, uids, host, *_ in rows()[1:]:
        for uid in uids.split(", "):
            assert uid not in found
            found[uid] = host
    expected = {uid.removeprefix(ROOT) or "itself": name for uid, name in supported_transfer_syntaxes().items()}
    assert found.keys() == expected.keys()
    for uid, name in expected.items():
        assert f"`{name}`" in found[uid] or uid == ".2"  # of which the frame's word size decides
    assert {len(row) for row in rows()} == {5}


def test_every_decoder_of_a_device() -> None:
    text = syntax_table()
    assert set(re.findall(r"`nvimgcodec:([\w-]+)`", text)) == set(KINDS)
    assert {route.NATIVE, route.RLE} <= set(re.findall(r"`(cuda:\w+)`", text))


def test_every_reason_that_routes_give() -> None:
    source = inspect.getsource(route)
    reasons = re.findall(r'return "", "([^"]+)"', source) + re.findall(r'DeviceRoute\(None, "([^"]+)"', source)
    reasons += [reason for reason in LEFT_TO_THE_HOST if "only some coefficients" not in reason]
    assert len(reasons) > 15
    of_the_machine = ("nvImageCodec is not installed", "the JPEG stream's codes are damaged")
    for reason in reasons:
        assert reason in syntax_table() or reason.startswith(of_the_machine), reason


@pytest.mark.parametrize(
    ("uid", "decoder", "reason"),
    [
        (".5", "`cuda:rle`", "integers of 64 bits"),
        (".4.50", "`nvimgcodec:jpeg`, `nvimgcodec:jpeg-colour`", "unusual subsampling"),
        (".4.51", "-", "JPEG other than baseline of 8 bits"),
        (".4.80", "-", "no GPU decodes this transfer syntax"),
        (".4.201", "`nvimgcodec:htj2k`, `nvimgcodec:htj2k-colour`", "lossy HTJ2K"),
    ],
)
def test_some_rows(uid: str, decoder: str, reason: str) -> None:
    (row,) = (row for row in rows()[1:] if uid in row[1].split(", "))
    assert row[3] == decoder
    assert reason in row[4].split("; ")
