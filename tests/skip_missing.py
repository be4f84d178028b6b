"""Plugin of pytest, for machines that lack some of the peers: ``pytest -p tests.skip_missing`` skips what needs them.

Elsewhere a module that cannot be imported is an error, so that no test is left out unseen.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import pytest

_MISSING = re.compile(r"ModuleNotFoundError: No module named '(?P<name>\w+)")
_OURS = ("hdgpu", "tests", "demo")


def _skip(report: Any, path: str) -> Any:
    """Turn the failure of a report into a skip, if it is that a library is not installed."""
    found = _MISSING.search(str(report.longrepr)) if report.failed else None
    if found is not None and found["name"] not in _OURS:
        report.outcome, report.longrepr = "skipped", (path, None, f"Skipped: needs {found['name']}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Skip modules."""
    report = yield
    return _skip(report, str(getattr(collector, "path", collector.name)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Skip tests."""
    report = yield
    return _skip(report, str(item.path))
