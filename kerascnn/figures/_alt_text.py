"""The title and description in an SVG, which screen readers read out."""

import re
from xml.sax.saxutils import escape


def with_alt_text(svg: str, title: str, description: str, lang: str) -> str:
    """Add <title> and <desc>, which screen readers read out, and the language to an SVG."""
    words = f"<title>{escape(title)}</title>\n <desc>{escape(description)}</desc>\n"
    return re.sub(
        r"(<svg )([^>]*>)\s*",
        rf'\1role="img" xml:lang="{lang}" \2\n {words.replace(chr(92), chr(92) * 2)} ',
        svg,
        count=1,
    )
