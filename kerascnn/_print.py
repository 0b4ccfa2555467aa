"""Print a page to PDF with an installed browser."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LIMIT = 120  # seconds


def browser() -> str:
    """Return the browser to print with.

    Raises:
        OSError: If no browser is installed.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise OSError(
            "format 'pdf' requires Chromium or Chrome to print the page, and neither is installed. "
            "Install one (Debian: apt install chromium), or save as 'html' and print it from your "
            "browser."
        )
    return found


def printed(page: bytes) -> bytes:
    """Print an HTML page as PDF.

    Raises:
        OSError: If no browser is installed, or it fails.
    """
    program = browser()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_bytes(page)
        command = [
            program,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={target}",
            source.as_uri(),
        ]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            command.insert(1, "--no-sandbox")  # without it, Chromium does not start as root
        try:
            subprocess.run(command, capture_output=True, timeout=LIMIT, check=True)
            return target.read_bytes()
        except (subprocess.SubprocessError, OSError) as error:
            raise OSError(f"{program} did not print the page: {error}.") from error
