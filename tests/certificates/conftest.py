"""The certificates are in `scripts/`, where the page is made of them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
