"""What a mail program makes of an HTML mail: its links, and each text with its colours."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal

Scheme = Literal["light", "dark"]
Style = dict[str, str]

_EMPTY = {"meta", "br", "img", "hr", "input", "link"}


@dataclass(slots=True)
class Element:
    """An element with its attributes and its content in order."""

    tag: str
    attributes: dict[str, str]
    content: list["Element | str"] = field(default_factory=list)

    @property
    def style(self) -> Style:
        return declarations(self.attributes.get("style", ""))

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        parts = (each if isinstance(each, str) else each.text for each in self.content)
        return " ".join(" ".join(parts).split())

    def all(self, tag: str = "") -> Iterator["Element"]:
        """Itself and what it holds, in the order of the source, of one tag or of any."""
        if tag in ("", self.tag):
            yield self
        for each in self.content:
            if isinstance(each, Element):
                yield from each.all(tag)


@dataclass(frozen=True, slots=True)
class ShownText:
    """One run of text and the colours it is shown in."""

    text: str
    colour: str
    background: str

    @property
    def contrast(self) -> float:
        """The ratio of WCAG 2.2, from 1 to 21."""
        lighter, darker = sorted((_luminance(self.colour), _luminance(self.background)), reverse=True)
        return (lighter + 0.05) / (darker + 0.05)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].content.append(element)
        if tag not in _EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        opened = self._open.pop()
        assert opened.tag == tag, f"</{tag}> closes <{opened.tag}>"

    def handle_data(self, data: str) -> None:
        self._open[-1].content.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == [self.root], f"<{self._open[-1].tag}> is never closed"


def parsed(html: str) -> Element:
    """The document; AssertionError when an element is not closed where it should be."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


def declarations(css: str) -> Style:
    """Property -> value, without `!important`."""
    pairs = (each.partition(":") for each in css.split(";") if ":" in each)
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def shown(root: Element, scheme: Scheme) -> Iterator[ShownText]:
    """Every visible run of text with its colours under a colour scheme."""
    dark = _dark_rules(root) if scheme == "dark" else {}
    yield from _shown(root, dark, {"color": "#000000", "background-color": "#ffffff"})


def _shown(element: Element, dark: dict[str, Style], inherited: Style) -> Iterator[ShownText]:
    style = inherited | element.style
    for name in element.classes:
        style |= dark.get(name, {})
    if element.tag == "head" or style.get("display") == "none":
        return
    passed_on = {name: style[name] for name in ("color", "background-color")}
    for each in element.content:
        if isinstance(each, Element):
            yield from _shown(each, dark, passed_on)
        elif each.strip():
            yield ShownText(each.strip(), style["color"], style["background-color"])


def _dark_rules(root: Element) -> dict[str, Style]:
    css = " ".join(sheet.text for sheet in root.all("style"))
    found = re.search(r"@media \(prefers-color-scheme: dark\) \{((?:[^{}]*\{[^{}]*\})*)", css)
    assert found, "There is no dark colour scheme"
    rules: dict[str, Style] = {}
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", found[1]):
        for selector in selectors.split(","):
            name = selector.strip().removeprefix(".")
            rules[name] = rules.get(name, {}) | declarations(body)
    return rules


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
