"""The shelf of packages that all builds of a checkout share."""

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.packaging.libraries import ARM, fetch

WHEEL = "tide-1.0-py3-none-any.whl"


@pytest.fixture
def checkout(tmp_path):
    """A checkout that requires one package, which lies beside it."""
    with zipfile.ZipFile(tmp_path / WHEEL, "w") as wheel:
        about = "tide-1.0.dist-info"
        wheel.writestr("tide.py", "")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tide\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    (tmp_path / "requirements.txt").write_text(str(tmp_path / WHEEL))
    return tmp_path


def test_of_two_builds_at_once_both_read_one_shelf(checkout):
    """What the faster one reads is not taken away by the slower one, which brings the same."""

    def bring(_):
        shelf = fetch(checkout, ARM)
        return shelf.stat().st_ino, (shelf / "tide.py").exists()

    with ThreadPoolExecutor(2) as builds:
        faster, slower = builds.map(bring, range(2))
    assert faster == slower == (fetch(checkout, ARM).stat().st_ino, True)
    assert [path.name for path in (checkout / "build").iterdir()] == [fetch(checkout, ARM).name]


def test_a_shelf_goes_when_nobody_has_used_it_for_a_day(checkout):
    """Another Python's is left alone as long as it is in use; only what lies idle is cleared away."""
    in_use, idle = (checkout / "build" / f"packages-{ARM}-{whose}" for whose in ("another", "old"))
    for shelf in (in_use, idle):
        shelf.mkdir(parents=True)
    os.utime(idle, (0, 0))
    mine = fetch(checkout, ARM)
    assert (in_use.exists(), idle.exists()) == (True, False)
    os.utime(mine, (0, 0))
    assert fetch(checkout, ARM) == mine
    (checkout / "requirements.txt").write_text(f"{checkout / WHEEL}  # once more")
    assert fetch(checkout, ARM) != mine
    assert mine.exists()
