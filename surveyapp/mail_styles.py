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
# Indents, and what would keep the buttons apart around the comments that Outlook reads.
_WHITE = re.compile(r"\s*(<!--\[if.*?endif\]-->)\s*|(?<=\n)\s+", re.DOTALL)

# Outlook knows no other way to have a table without gaps, screen readers none to pass over it.
_LAYOUT = '<table role="presentation" cellpadding="0" cellspacing="0" border="0"'


@cache
def styled(language: Language, name: str) -> Template:
    """The template with its styles inlined: done once, since it takes longer than all the rest of a mail."""
    source = (_TEMPLATES / name).read_text(encoding="utf-8")
    return language.environment.from_string(inlined(source))


def inlined(source: str) -> str:
    """The source as mail programs need it, its own statements as they were.

    Styles move into their elements, every table becomes one of layout, and what is white between them goes.
    The statements pass the parser of HTML as comments and marks, because it would move any other text
    within a table to before it. So none may stand in a comment of HTML, and each table needs its tbody.
    """
    statements: list[str] = []

    def mark(match: re.Match[str]) -> str:
        statements.append(match[0])
        name = f"jinja{len(statements) - 1}."
        return f"<!--{name}-->" if match[0].startswith("{%") else name

    marked = _STATEMENT.sub(mark, _COMMENT.sub("", source))
    html = CSSInliner(load_remote_stylesheets=False).inline(marked)
    html = _WHITE.sub(r"\1", html.replace("<table", _LAYOUT))
    return _MARK.sub(lambda found: statements[int(found[1] or found[2])], html)
