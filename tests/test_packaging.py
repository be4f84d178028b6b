"""What pyproject.toml says of files that nothing else would miss before somebody installs the package."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_source_and_header_of_the_extension_is_listed():
    """A header that is not would be left out of what the extension is built again for."""
    (extension,) = SETUPTOOLS["ext-modules"]
    for kind, names in (("cpp", extension["sources"]), ("hpp", extension["depends"])):
        assert sorted(names) == sorted(f"compiled/{path.name}" for path in (ROOT / "compiled").glob(f"*.{kind}"))


def test_every_other_file_of_the_package_is_installed():
    folder = ROOT / "hdgpu"
    installed = {path for pattern in SETUPTOOLS["package-data"]["hdgpu"] for path in folder.glob(pattern)}
    assert installed == {
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".so")
    }
    assert all((path.parent / "__init__.py").exists() for path in folder.rglob("*.py"))  # or the folder is no package


def test_the_source_distribution_has_what_tests_look_at():
    lines = [line.split() for line in (ROOT / "MANIFEST.in").read_text().splitlines()]
    grafted = {words[1] for words in lines if words[:1] == ["graft"]}
    assert grafted >= {"benchmarks", "compiled", "demo", "docker", "tests"}
    assert all((ROOT / name).is_dir() for name in grafted)
