"""The certificates are in `scripts/`, where the page is made of them."""

import gc
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))


@pytest.fixture(autouse=True)
def peers(request):
    """A file names the packages that it needs, PEERS; without them, its tests are skipped."""
    missing = [name for name in getattr(request.module, "PEERS", ()) if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")


@pytest.fixture
def memory_is_freed():
    """Networks of hundreds of megabytes are in cycles, which are not collected by themselves."""
    yield
    gc.collect()
