"""What editors read about the builders."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "write_builder_stubs.py"


def test_editors_see_the_signatures_of_the_builders():
    """Run the script where this fails."""
    script = runpy.run_path(str(SCRIPT))
    assert script["STUB"].read_text("utf-8") == script["stub"]()
