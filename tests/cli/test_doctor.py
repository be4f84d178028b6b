"""What is there, what is missing."""

import itertools
import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from hdgpu.array.device import CudaStatus
from hdgpu.cli import environment, gpu
from hdgpu.cli.main import main


def test_text(capsys):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for expected in ("hdgpu ", "imagecodecs", "cpu", "JPEG 2000", "1.2.840.10008.1.2.4.80", "RLE Lossless"):
        assert expected in text


def test_json(capsys):
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["libraries"]["pydicom"]
    assert {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.91"} <= {one["uid"] for one in found["transfer_syntaxes"]}
    assert all(not one["name"][0].isdigit() for one in found["transfer_syntaxes"])
    assert not any(one["required"] for one in found["missing"])


def test_required_library_is_missing(capsys, monkeypatch):
    absent = {"imagecodecs", "zarr"}
    version_of = environment.version_of
    monkeypatch.setattr(environment, "version_of", lambda name: None if name in absent else version_of(name))

    assert main(["doctor", "--json"]) == 1

    missing = json.loads(capsys.readouterr().out)["missing"]
    assert [(one["name"], one["required"]) for one in missing if one["name"] in absent] == [
        ("imagecodecs", True),
        ("zarr", False),
    ]
    assert missing[0]["install"] == "pip install imagecodecs"
    assert main(["doctor"]) == 1
    assert 'pip install "hdgpu[zarr]"' in capsys.readouterr().out


def test_what_the_project_depends_on_is_required():
    """And what only an extra installs is not."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    named = {re.match(r"[\w-]+", each)[0] for each in project["dependencies"]}
    assert environment.REQUIRED.keys() == named
    extras = {re.match(r"[\w-]+", each)[0] for each in itertools.chain(*project["optional-dependencies"].values())}
    assert environment.OPTIONAL.keys() <= extras
    for _, install in environment.OPTIONAL.values():
        assert re.search(r"hdgpu\[(\w+)\]", install)[1] in project["optional-dependencies"]


def test_libjpeg_is_named_where_it_is_missing(capsys, monkeypatch):
    version_of = environment.version_of
    hidden = {"pylibjpeg-libjpeg": None}
    monkeypatch.setattr(environment, "version_of", lambda name: hidden.get(name, version_of(name)))
    assert main(["doctor"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if 'pip install "hdgpu[libjpeg]"' in line)
    assert line.startswith("pylibjpeg-libjpeg")
    assert "12 bits" in line


def test_broken_library(monkeypatch, capsys):
    monkeypatch.setitem(environment.REQUIRED, "pillow", "no_such_module")
    assert main(["doctor"]) == 1
    assert "cannot be imported" in capsys.readouterr().out


# --- GPU --------------------------------------------------------------------------------------------------------------

CUDA_13 = {"driver_version": 13020, "runtime_version": 13020, "cupy_version": "14.2.0"}
CUDA_12 = {"driver_version": 13020, "runtime_version": 12090, "cupy_version": "13.6.0"}
NO_CUPY = {"driver_version": None, "runtime_version": None, "cupy_version": None}
DECODERS = {
    "cuda13": ("nvidia-nvimgcodec-cu13", "nvidia-nvjpeg", "nvidia-nvjpeg2k-cu13"),
    "cuda12": ("nvidia-nvimgcodec-cu12", "nvidia-nvjpeg-cu12", "nvidia-nvjpeg2k-cu12"),
}


@pytest.fixture
def gpu_of(monkeypatch):
    """A function that has the doctor look at a machine with such a GPU, where nothing was installed elsewhere."""

    def look(cuda, libraries=(), *, devices=("H100",), problem="", nvrtc="", kernels="", decoder="", streams=()):
        status = CudaStatus(not problem, problem, **cuda, device_names=() if problem else devices)
        version_of = environment.version_of
        decoders = {name for names in DECODERS.values() for name in names}

        def version(name):
            return ("1.0" if name in libraries else None) if name in decoders else version_of(name)

        monkeypatch.setattr("hdgpu.array.device.cuda_status", lambda: status)
        monkeypatch.setattr(environment, "version_of", version)
        monkeypatch.setattr(gpu.ctypes.util, "find_library", lambda name: None)
        monkeypatch.setattr(gpu, "nvrtc_problem", lambda: nvrtc)
        monkeypatch.setattr(gpu, "kernel_problem", lambda index: kernels)
        monkeypatch.setattr(gpu, "decoder_problem", lambda index: decoder)
        monkeypatch.setattr(gpu, "streams_of", lambda index: frozenset(streams))
        return gpu.gpu_decoding(environment.environment())

    return look


def problems(found):
    return {one["name"]: (one["problem"], one["install"]) for one in found["pieces"] if one["problem"]}


def test_gpu_with_all_there_is(gpu_of):
    found = gpu_of(CUDA_13, DECODERS["cuda13"], streams=("jpeg", "htj2k"))
    assert problems(found) == {}
    (device,) = found["devices"]
    assert device == {
        "name": "cuda:0",
        "kernels": "",
        "decoder": "",
        "streams": ["jpeg", "htj2k"],
        "host": ["jpeg-colour", "jpeg-lossless", "jpeg2000", "jpeg2000-colour", "htj2k-colour"],
    }
    assert "on the GPU" in found["state"]


@pytest.mark.parametrize(("cuda", "extra"), [(CUDA_13, "cuda13"), (CUDA_12, "cuda12")])
def test_gpu_without_its_decoders(gpu_of, cuda, extra):
    for number, name in enumerate(("nvImageCodec", "nvJPEG", "nvJPEG2000")):
        libraries = [one for one in DECODERS[extra] if one != DECODERS[extra][number]]
        assert problems(gpu_of(cuda, libraries))[name] == ("not installed", f'pip install "hdgpu[{extra}]"')
    assert "native and RLE" in gpu_of(cuda)["state"]


def test_cuda_12_is_wrong_in_lossless_jpeg(gpu_of):
    ((problem, install),) = problems(gpu_of(CUDA_12, DECODERS["cuda12"])).values()
    assert "9 to 15 bits" in problem
    assert "host" in problem
    assert "cuda13" in install


def test_gpu_without_cupy(gpu_of):
    found = gpu_of(NO_CUPY, problem="CuPy is not installed")
    assert problems(found)["CuPy"] == ("not installed", 'pip install "hdgpu[cuda13]"')
    assert problems(found)["driver"][0] == "no driver"
    assert found["state"] == "no GPU: frames are decoded on the host"
    assert found["devices"] == []


def test_driver(gpu_of):
    assert problems(gpu_of(CUDA_13 | {"driver_version": 0}, problem="no driver"))["driver"][0] == "no driver"
    problem, install = problems(gpu_of(CUDA_13 | {"driver_version": 12080}))["driver"]
    assert problem == "older than CUDA 13.2, which CuPy is built for"
    assert 'pip install "hdgpu[cuda12]"' in install


@pytest.mark.parametrize(("cuda", "package"), [(CUDA_13, "nvidia-cuda-nvrtc"), (CUDA_12, "nvidia-cuda-nvrtc-cu12")])
def test_kernels_cannot_be_compiled(gpu_of, cuda, package):
    found = gpu_of(cuda, nvrtc="libnvrtc.so was not found", kernels="no compiler")
    assert problems(found)["NVRTC"] == (
        "kernels cannot be compiled: libnvrtc.so was not found",
        f"pip install {package}",
    )
    assert found["devices"][0]["kernels"] == "no compiler"
    assert "device='cpu'" in found["state"]


def test_decoder_that_does_not_open(gpu_of, capsys):
    gpu_of(CUDA_13, DECODERS["cuda13"], decoder="Could not create decoder. Code: 8")
    assert main(["doctor"]) == 0
    assert "cuda:0: nvImageCodec does not open: Could not create decoder. Code: 8" in capsys.readouterr().out


def test_gpu_in_print(gpu_of, capsys):
    gpu_of(CUDA_13, DECODERS["cuda13"][:1], devices=("H100", "A2"), streams=("jpeg2000",), kernels="no compiler")
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for line in (
        "cuda:1: kernels do not compile: no compiler",
        "cuda:1: nvImageCodec decodes jpeg2000",
        "cuda:0: the host decodes jpeg, jpeg-colour, jpeg-lossless, jpeg2000-colour, htj2k, htj2k-colour",
    ):
        assert line in text.splitlines()
    assert "Nothing is missing." not in text
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["gpu"]
    assert [one["name"] for one in found["devices"]] == ["cuda:0", "cuda:1"]


def test_probes_that_fail_are_findings():
    """On a machine without a GPU, as on one whose driver is broken, asking a device raises."""
    if environment.environment()["cuda"]["available"]:
        pytest.skip("there is a CUDA device")
    assert gpu.kernel_problem(0)
    assert gpu.decoder_problem(0)
    assert gpu.streams_of(0) == frozenset()


def test_noise_of_libraries_is_kept_off(capfd):
    with gpu.quiet_native_stderr():
        os.write(2, b"[ERROR] no nvJPEG\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
