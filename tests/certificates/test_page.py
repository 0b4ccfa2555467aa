"""The page lists exactly the certificates that the framework tests check."""

from pathlib import Path

import certificates

PAGE = Path(__file__).parents[2] / "docs" / "certificates.md"


def test_the_page_has_every_certificate_and_no_other():
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    listed = [row[:3] + row[5:] for row in rows if row[0] not in ("what", "---")]
    every = [[c.what, c.net, c.peer, c.why] for c in certificates.certificates()]
    assert listed == every
    differences = [float(row[4]) for row in rows if row[0] not in ("what", "---")]
    assert max(differences) <= certificates.LIMIT
