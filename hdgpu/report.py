"""What a load did: frames by decoder, bytes, and seconds by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["DecodeReport", "describe_ignored"]

_NAMED = 4  # files that are named at most


@dataclass(slots=True)
class DecodeReport:
    """Account of one load, so that nothing hides: which decoder took how many frames, and where the time went.

    Attributes
    ----------
    frames_per_route : dict of str to int
        How many frames each decoder decoded.
    encoded_bytes : int
        Bytes of the frames as stored.
    decoded_bytes : int
        Bytes of the volume.
    seconds : dict of str to float
        Wall-clock seconds by stage, in order.  On a device reading, decoding and waiting for the device overlap, in
        several lanes: the time of all of them is divided by what the lanes were busy with.
    workers : int
        Decoding threads.
    device : str
        Where the volume is.
    host_reasons : dict of str to int
        Of a volume on a GPU, why frames were decoded on the host, and how many for each reason.
    batch_frames : int
        Of a volume on a GPU, most frames of a batch.
    ignored : tuple of str
        Files and hidden folders, of the folders that were searched, that were passed over as not DICOM.
    skipped : tuple of str
        Files that could not be read, and were passed over because the caller asked for that; and copies of others.

    Examples
    --------
    >>> report = DecodeReport({"native": 28}, 14680064, 29360128, {"scan": 0.002, "decode": 0.01}, workers=2)
    >>> print(report.describe())
    frames   28 native
    bytes    14.7 MB stored, 29.4 MB in the volume on cpu
    scan      0.002 s
    decode    0.010 s with 2 threads
    total     0.012 s
    """

    frames_per_route: dict[str, int] = field(default_factory=dict)
    encoded_bytes: int = 0
    decoded_bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    workers: int = 1
    device: str = "cpu"
    host_reasons: dict[str, int] = field(default_factory=dict)
    batch_frames: int = 0
    ignored: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def total_seconds(self) -> float:
        """Sum over the stages."""
        return sum(self.seconds.values())

    def describe(self) -> str:
        """Return the account as a few lines of text."""
        routes = ", ".join(f"{count} {route}" for route, count in sorted(self.frames_per_route.items()))
        lines = [
            f"frames   {routes or 'none'}",
            f"bytes    {self.encoded_bytes / 1e6:.1f} MB stored,"
            f" {self.decoded_bytes / 1e6:.1f} MB in the volume on {self.device}",
        ]
        lines += [f"host     {count} because of {reason}" for reason, count in sorted(self.host_reasons.items())]
        if self.ignored:
            lines.append(f"ignored  {describe_ignored(self.ignored)}")
        if self.skipped:
            lines.append(f"skipped  {_count(self.skipped)}: {_some(self.skipped)}")
        threaded = "read" if "read" in self.seconds else "decode"
        for stage, seconds in self.seconds.items():
            threads = f" with {self.workers} thread{'s' * (self.workers > 1)}" if stage == threaded else ""
            lines.append(f"{stage:<8} {seconds:6.3f} s{threads}")
        lines.append(f"{'total':<8} {self.total_seconds:6.3f} s")
        return "\n".join(lines)


def describe_ignored(names: Sequence[str]) -> str:
    """Return a line that counts files that are not DICOM, and names some of them.

    Examples
    --------
    >>> describe_ignored(["a/README", "a/notes.txt", "a/1.xml", "a/2.xml", "a/3.xml", "a/4.xml"])
    '6 files that are not DICOM: README, notes.txt, 1.xml, 2.xml and 2 more'
    """
    return f"{_count(names)} that {'are' if len(names) > 1 else 'is'} not DICOM: {_some(names)}"


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} file{'s' * (len(names) > 1)}"


def _some(names: Sequence[str]) -> str:
    short = list(dict.fromkeys(Path(name).name for name in names))
    more = f" and {len(short) - _NAMED} more" * (len(short) > _NAMED)
    return ", ".join(short[:_NAMED]) + more
