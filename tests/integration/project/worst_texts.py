"""Texts that make a careless regular expression run for hours, made from the expression itself."""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# What classes of letters are tried with, as far as they take them.
_LETTERS = "aAfFzZ019_-.,:;/@#`'\"|[]{}()<>*~+= \t\n\r\u2028\u00e9\x1b\x00"
_PER_CLASS = 4
_LONG = 64  # a repetition that may be longer is tried with long texts

_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}

_sre: Any = importlib.import_module("re._parser")


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A text of any length."""

    start: str
    again: str  # over and over
    end: str

    def written(self, length: int, pattern: re.Pattern[Any]) -> Any:
        """The text, of about `length` characters, as the pattern takes it."""
        rounds = max(1, (length - len(self.start)) // len(self.again))
        text = self.start + self.again * rounds + self.end
        return text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")


def worst(pattern: re.Pattern[Any]) -> list[Text]:
    """Texts that send a pattern back and forth, if any do; none where no part of it is long.

    For each repetition: what comes before it and then its body over and over; both of them over
    and over; its body alone. Each with an end that spoils the match, and without.
    """
    tree = list(_sre.parse(pattern.pattern, pattern.flags))
    seeds = {seed: None for seed in _seeds(tree) if seed[1]}
    if not seeds:
        return []
    made: dict[Text, None] = {}
    for (before, body), end in itertools.product(seeds, ("", "\x01")):
        made[Text(start=before, again=body, end=end)] = None
        for again in (body, before + body, before + body * 8):
            made[Text(start="", again=again, end=end)] = None
    for whole in filter(None, itertools.islice(_samples(tree), _PER_CLASS)):
        for again in (whole, whole[:-1] or whole):
            made[Text(start="", again=again, end="")] = None
    return list(made)


def _seeds(tree: list[Any]) -> Iterator[tuple[str, str]]:
    """For each repetition without a bound to speak of: a text that leads to it, one round of it."""
    for at, (op, argument) in enumerate(tree):
        leads = list(itertools.islice(_samples(tree[:at]), _PER_CLASS))
        if str(op) in _REPEATS and argument[1] >= _LONG:
            yield from itertools.product(leads, _samples(list(argument[2])))
        for inner in _inside(op, argument):
            for before, (within, again) in itertools.product(leads, list(_seeds(inner))):
                yield before + within, again


def _inside(op: object, argument: Any) -> list[list[Any]]:
    """The expressions within a part of one."""
    match str(op):
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [list(argument[2])]
        case "SUBPATTERN":
            return [list(argument[3])]
        case "BRANCH":
            return [list(branch) for branch in argument[1]]
        case "ATOMIC_GROUP":
            return [list(argument)]
        case "ASSERT":
            return [list(argument[1])]
        case _:
            return []


def _samples(tree: list[Any]) -> Iterator[str]:
    """Texts that match, some for each class; the empty one where nothing has to stand there."""
    columns = [list(itertools.islice(_one(op, argument), 6)) or [""] for op, argument in tree]
    longest = max((len(column) for column in columns), default=1)
    for number in range(longest):
        yield "".join(column[number % len(column)] for column in columns)


def _one(op: object, argument: Any) -> Iterator[str]:
    inside = _inside(op, argument)
    match str(op):
        case "LITERAL":
            yield chr(argument)
        case "NOT_LITERAL":
            yield from (letter for letter in _LETTERS if ord(letter) != argument)
        case "ANY":
            yield from "a -"
        case "IN":
            yield from _class(argument)
        case repeat if repeat in _REPEATS:
            yield from (one * max(argument[0], 1) for one in _samples(inside[0]))
            yield from ("",) if argument[0] == 0 else ()
        case "ASSERT" if argument[0] > 0:
            yield ""  # what follows is not part of it
        case _:
            for branch in inside or [[]]:
                yield from itertools.islice(_samples(branch), _PER_CLASS)


def _class(items: Any) -> Iterator[str]:
    first = items[0]
    written = _written(items)
    found = [letter for letter in dict.fromkeys(_LETTERS) if written.match(letter)]
    if not found and str(first[0]) == "RANGE":
        found = [chr(first[1][0])]
    # Word letters and others by turns: borders of words are where matches start.
    words = [letter for letter in found if letter.isalnum()]
    others = [letter for letter in found if not letter.isalnum()]
    mixed = [one for pair in itertools.zip_longest(words, others) for one in pair if one]
    yield from mixed[: 2 * _PER_CLASS]


def _written(items: Any) -> re.Pattern[str]:
    """A class as a pattern of its own."""
    categories = {
        "CATEGORY_DIGIT": r"\d",
        "CATEGORY_NOT_DIGIT": r"\D",
        "CATEGORY_SPACE": r"\s",
        "CATEGORY_NOT_SPACE": r"\S",
        "CATEGORY_WORD": r"\w",
        "CATEGORY_NOT_WORD": r"\W",
    }
    inside = ""
    for op, argument in items:
        match str(op):
            case "NEGATE":
                inside += "^"
            case "LITERAL":
                inside += re.escape(chr(argument))
            case "RANGE":
                low, high = argument
                inside += f"{re.escape(chr(low))}-{re.escape(chr(high))}"
            case "CATEGORY":
                inside += categories[str(argument)]
    return re.compile(f"[{inside}]")
