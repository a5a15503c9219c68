"""Put a mail template's styles into its elements, where every mail program looks for them."""

import re
from functools import cache
from pathlib import Path

from css_inline import CSSInliner
from jinja2 import Template

from surveyapp.i18n import Language

_TEMPLATES = Path(__file__).parent / "templates"
_COMMENT = re.compile(r"{#.*?#}\n?", re.DOTALL)
_STATEMENT = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_MARK = re.compile(r"<!--jinja(\d+)\.-->|jinja(\d+)\.")


@cache
def styled(language: Language, name: str) -> Template:
    """The template with its styles inlined: done once, since it takes longer than all the rest of a mail."""
    source = (_TEMPLATES / name).read_text(encoding="utf-8")
    return language.environment.from_string(inlined(source))


def inlined(source: str) -> str:
    """The source with its styles inlined, its own statements as they were.

    They pass the parser of HTML as comments and marks, because it would move any other text within a
    table to before it. So no statement may stand in a comment of HTML, and each table needs its tbody.
    """
    statements: list[str] = []

    def mark(match: re.Match[str]) -> str:
        statements.append(match[0])
        name = f"jinja{len(statements) - 1}."
        return f"<!--{name}-->" if match[0].startswith("{%") else name

    marked = _STATEMENT.sub(mark, _COMMENT.sub("", source))
    html = CSSInliner(load_remote_stylesheets=False).inline(marked)
    return _MARK.sub(lambda found: statements[int(found[1] or found[2])], html)
