"""Files in another transfer syntax: a file, or a folder of them with its structure."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from hdgpu.array.device import Device, parse_device
from hdgpu.array.host_threads import default_workers
from hdgpu.codecs.encode.table import encoder_for
from hdgpu.codecs.loss import Loss
from hdgpu.codecs.single_frame import get_lossy_compression_attributes
from hdgpu.codecs.syntaxes import LOSSLESS_SYNTAXES, SYNTAXES
from hdgpu.dicom.discover import discover
from hdgpu.dicom.instance import Instance
from hdgpu.errors import EmptySeriesError, HdgpuError, InvalidAttributeError, UnsupportedTransferSyntaxError
from hdgpu.frames.engine import Progress
from hdgpu.image.transcode_file import BatchOfFrames, transcode_file
from hdgpu.output import atomic_target, refuse_overwrite

__all__ = ["TranscodeReport", "Transcoded", "transcode"]


@dataclass(frozen=True, slots=True)
class Transcoded:
    """What became of one file.

    Attributes
    ----------
    source, target : Path
    action : str
        ``"transcoded"``, ``"copied"`` (it is in the transfer syntax, or holds no pixel data), ``"kept"`` (there is a
        file of that name, which was left as it was) or ``"failed"``.
    frames : int
        That were encoded.
    bytes_before, bytes_after : int
        Sizes of the files; 0 where none was written.
    error : HdgpuError, OSError or None
        Why it failed.
    """

    source: Path
    target: Path
    action: str
    frames: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    error: HdgpuError | OSError | None = None


@dataclass(slots=True)
class TranscodeReport:
    """Account of a transcoding.

    Attributes
    ----------
    files : list of Transcoded
        In the order of the names; those that failed included.
    ignored : list of str
        Files of a folder that are not DICOM, or are a DICOMDIR.
    seconds : float
        Wall-clock.
    """

    files: list[Transcoded] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> list[Transcoded]:
        """Those that failed."""
        return self.of("failed")

    def of(self, action: str) -> list[Transcoded]:
        """Return the files of which that became."""
        return [one for one in self.files if one.action == action]


def transcode(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    syntax: str,
    *,
    lossy: bool = False,
    loss: Loss | None = None,
    overwrite: bool = False,
    device: str | Device | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> TranscodeReport:
    """Write files in another transfer syntax.

    Every frame is decoded again and compared bit for bit with what it was before its file is written, and the file is
    read again before it gets its name.  A lossless transfer syntax keeps the SOP Instance UID; a lossy one makes a
    derived image with a new one (PS3.3 C.7.6.1.1.5).

    Parameters
    ----------
    source : path
        DICOM file, or folder searched with its subfolders.
    destination : path
        Folder, made if it is not there, for the files under the names that they have in the source; for a file also
        the file to write.
    syntax : str
        UID, or short name of `hdgpu.codecs.syntaxes`: ``"htj2k-lossless"``, ...
    lossy : bool, default False
        Whether the transfer syntax may be one that loses something.
    loss : hdgpu.codecs.loss.Loss, optional
        How much a lossy one may lose.
    overwrite : bool, default False
        Replace files that exist.  Of a folder, they are kept and reported otherwise.
    device : str, optional
        A GPU encodes the frames that it can, and the host all others; the default device if None.
    workers : int, optional
        Threads; one for each core by default.  As many files are in memory at once.
    progress : callable, optional
        Called with the number of files done and the number of all.

    Returns
    -------
    TranscodeReport
        With the errors of files that failed, which do not stop the others.

    Raises
    ------
    UnsupportedTransferSyntaxError
        If there is no such transfer syntax to write.
    InvalidAttributeError
        If it is lossy and that was not asked for.
    EmptySeriesError
        If there is no DICOM file.
    SourceError
        If the one file to write exists.
    """
    started = time.perf_counter()
    uid = _syntax_uid(syntax, lossy=lossy)
    source, destination = Path(source), Path(destination)
    found = discover([source], collect_errors=True)
    if not found.instances and not found.broken:
        raise EmptySeriesError("there is no DICOM file", source=source)
    if destination != source and destination.is_relative_to(source):  # of an earlier run
        found.instances = [one for one in found.instances if not Path(one.name).is_relative_to(destination)]
    target_of = _target_of(source, destination)
    if not source.is_dir() and [instance.name for instance in found.instances] == [str(source)]:
        (target := target_of(str(source))).parent.mkdir(parents=True, exist_ok=True)
        refuse_overwrite(target, force=overwrite)
    report = TranscodeReport(ignored=found.ignored + found.directories)
    report.files += [
        Transcoded(path := Path(str(error.source)), target_of(str(path)), "failed", error=error)
        for error in found.broken
    ]
    work = _Work(uid, loss or Loss(), overwrite, parse_device(device), workers or default_workers())
    with work:
        report.files += work.run(found.instances, target_of, progress)
    report.files.sort(key=lambda one: one.source)
    report.seconds = time.perf_counter() - started
    return report


def _syntax_uid(syntax: str, *, lossy: bool) -> str:
    uid = SYNTAXES.get(syntax, syntax)
    try:
        encoder_for(uid)
    except UnsupportedTransferSyntaxError:
        raise UnsupportedTransferSyntaxError(
            "no files are written in this transfer syntax", expected=" or ".join(SYNTAXES), found=syntax
        ) from None
    if get_lossy_compression_attributes(uid)[0] == "01" and not lossy:
        raise InvalidAttributeError(
            "this transfer syntax may lose something, and that has to be asked for",
            expected=" or ".join(LOSSLESS_SYNTAXES),
            found=syntax,
            remedy="Pass lossy=True if images may change.",
        )
    return uid


def _target_of(source: Path, destination: Path) -> Callable[[str], Path]:
    """Return the function from a file to where it goes."""
    if not source.is_dir() and not destination.is_dir():
        return lambda name: destination if Path(name) == source else destination / os.path.relpath(name, source.parent)
    root = source if source.is_dir() else source.parent
    return lambda name: destination / os.path.relpath(name, root)


class _Work:
    """Threads for files, and others for the frames of each, which the former wait for."""

    def __init__(self, uid: str, loss: Loss, overwrite: bool, device: Device, workers: int) -> None:
        self.uid, self.loss, self.overwrite = uid, loss, overwrite
        self.on_device = _device_encoder(uid, device)
        self.files = ThreadPoolExecutor(workers, "hdgpu-files")
        self.frames = ThreadPoolExecutor(workers, "hdgpu-encode")

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        # After an interrupt, files that have not begun and frames of those that have are given up.
        for pool in (self.files, self.frames):
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in (self.files, self.frames):
            pool.shutdown()

    def run(
        self,
        instances: Sequence[Instance],
        target_of: Callable[[str], Path],
        progress: Callable[[int, int], None] | None,
    ) -> Iterator[Transcoded]:
        """Yield what became of each file, in the order given."""
        pending = [self.files.submit(self._one, instance, target_of(instance.name)) for instance in instances]
        for done, future in enumerate(pending, start=1):
            yield future.result()
            if progress is not None:
                progress(done, len(pending))

    def _one(self, instance: Instance, target: Path) -> Transcoded:
        source = Path(instance.name)
        if target.exists() and not self.overwrite:
            return Transcoded(source, target, "kept")
        try:
            before = source.stat().st_size
            copied = instance.header.pixel_data is None or instance.transfer_syntax_uid == self.uid
            if copied:
                target.parent.mkdir(parents=True, exist_ok=True)
                with atomic_target(target, force=self.overwrite) as path:
                    shutil.copyfile(source, path)
            else:
                transcode_file(
                    instance,
                    target,
                    self.uid,
                    self.frames,
                    loss=self.loss,
                    overwrite=self.overwrite,
                    on_device=self.on_device,
                )
            after = target.stat().st_size
        except HdgpuError as error:  # one bad file does not stop the others
            return Transcoded(source, target, "failed", error=error.at(source=source))
        except OSError as error:
            return Transcoded(source, target, "failed", error=error)
        if copied:
            return Transcoded(source, target, "copied", 0, before, after)
        return Transcoded(source, target, "transcoded", instance.number_of_frames, before, after)


def _device_encoder(uid: str, device: Device) -> BatchOfFrames | None:
    """Return what encodes on a GPU, None where there is none or it cannot write the transfer syntax."""
    if device.kind != "cuda":
        return None
    from hdgpu.array.streams import runtime_of
    from hdgpu.codecs.encode.nvimgcodec import batch_encoder

    return batch_encoder(uid, runtime_of(device))
