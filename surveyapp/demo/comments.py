"""What the demo's customers write, dealt out so that long comments seldom come twice."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random

from surveyapp.core.scales import Group

# How often a customer of that group is brief.
BRIEF: Mapping[Group, float] = {Group.FAVOURABLE: 0.35, Group.NEUTRAL: 0.25, Group.UNFAVOURABLE: 0.15}
# So many times more often than the general ones a comment on the topic is used.
ON_TOPIC_FIRST = 2

Words = Mapping[str, Mapping[str, Mapping[str, list[str]]]]


@cache
def written() -> Words:
    """Language -> group -> topic ("any" and "short" among them) -> comments."""
    return tomllib.loads(Path(__file__).with_name("comments.toml").read_text(encoding="utf-8"))


class Comments:
    """Hands out the comments, those that were used least first."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def pick(self, rng: Random, locale: str, group: Group, topic: str, *, may_be_brief: bool = True) -> str:
        """A comment of that language and group, about the topic where there is one."""
        words = written()[locale][group]
        if may_be_brief and rng.random() < BRIEF[group]:
            return rng.choice(words["short"])
        own = words.get(topic, [])
        ahead = {each: self._used[each] - rng.random() for each in words["any"]}
        ahead |= {each: self._used[each] - ON_TOPIC_FIRST for each in own}
        text = min(ahead, key=ahead.__getitem__)
        self._used[text] += 1
        return text
