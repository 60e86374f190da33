import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.package import ROOT

BUNDLED, PACKAGING, WORKSHOP = "requirements.txt", "requirements-package.txt", "requirements-dev.txt"


def pins(name):
    """Return the pinned versions of one file, by package."""
    lines = (ROOT / name).read_text().splitlines()
    pairs = [re.split(r"==|\s", line)[:2] for line in lines if "==" in line]
    return {canonicalize_name(package): version for package, version in pairs}


def included(name):
    """Return which other files a file of pins takes in."""
    return re.findall(r"^-r (\S+)$", (ROOT / name).read_text(), re.MULTILINE)


def unmet(pinned):
    """Yield what *pinned* packages need and none of them is, or is in another version."""
    for package in pinned:
        for needed in map(Requirement, metadata.requires(package) or ()):
            if needed.marker and not needed.marker.evaluate({"extra": ""}):
                continue
            version = pinned.get(canonicalize_name(needed.name))
            if version is None or not needed.specifier.contains(version, prereleases=True):
                yield f"{package} needs {needed}"


def test_no_pin_stands_twice():
    """Each package is pinned in one file; the larger files take in the smaller."""
    bundled, packaging, workshop = map(pins, (BUNDLED, PACKAGING, WORKSHOP))
    assert (included(PACKAGING), included(WORKSHOP)) == ([BUNDLED], [PACKAGING])
    assert not bundled.keys() & packaging.keys()
    assert not workshop.keys() & (bundled | packaging).keys()


@pytest.mark.parametrize("names", [(BUNDLED, PACKAGING), (BUNDLED, PACKAGING, WORKSHOP)])
def test_nothing_is_missing_among_the_pins(names):
    """All that a pinned package needs is pinned as well, so that pip may be told to look no further."""
    pinned = {package: version for name in names for package, version in pins(name).items()}
    assert list(unmet(pinned)) == []
