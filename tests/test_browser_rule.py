"""A browser test that is skipped says why, and fails where CI is set."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
TESTS = """
import pytest

@pytest.mark.browser
def test_in_a_browser():
    pass

@pytest.mark.browser
def test_that_skips_itself():
    pytest.skip("not today")

def test_of_something_else():
    pass
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small suite under this suite's own conftest."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("CRM_TEST_BROWSER", "/bin/true")
    pytester.makeini("[pytest]\nmarkers =\n    browser: drives a browser\n")
    pytester.makeconftest("from tests.conftest import *")
    pytester.makepyfile(TESTS)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    return pytester


def test_without_a_browser_its_tests_are_skipped_and_say_how_to_get_one(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TEST_BROWSER", "no-such-browser")
    result = inner.runpytest_subprocess("-rs")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["*no Chromium: apt-get install chromium*"])


def test_with_a_browser_they_run(inner: pytest.Pytester) -> None:
    inner.runpytest_subprocess().assert_outcomes(passed=2, skipped=1)


def test_where_ci_is_set_a_skipped_browser_test_fails(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = inner.runpytest_subprocess()
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == 1
