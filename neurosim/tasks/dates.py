"""Dates as they are spoken, and as they are written in numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.network.values import whole

MONTHS, ORDINALS, ONES, TENS, OTHERS = map(
    str.split,
    (
        "january february march april may june july august september october november december",
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
        "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen",
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "thirtieth hundred thousand oh and the of on in year",
    ),
)
WORDS = tuple(sorted({*MONTHS, *ORDINALS, *ONES, *TENS, *OTHERS}))
FORMS = (
    "the {day} of {month} {year}", "{month} the {day} {year}", "{month} {day} {year}", "{day} {month} {year}",
    "on the {day} of {month} in the year {year}", "{month} {year}", "in {month} of {year}", "{year}",
    "in the year {year}",
)  # fmt: skip
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class SpokenDates(NamedTuple):
    """Dates in words and in numbers.

    sentences: such as "the third of march nineteen ninety two", of 2 to 14 words.
    dates: the same as "1992-03-03"; those without a day or a month are shorter, "1992-03" and "1992".
    words: all words that occur in sentences, in alphabetical order.
    """

    sentences: list[str]
    dates: list[str]
    words: tuple[str, ...]


def spoken_dates(count: int, *, seed: int = 0) -> SpokenDates:
    """English dates of the years 1800 to 2099 in words, to be translated into numbers.

    No date occurs twice, so what is learned from some of them can be tested with the others. The forms and
    the ways to speak a year are drawn at random. The order of the parts differs by form, and one word may
    be the day or a part of the year.

    Arguments:
        count: number of dates, at most 50,000.
        seed: of all that is drawn.

    Raises DescriptionError for a count that is not a whole number or too large.

    >>> print(*spoken_dates(2).sentences, sep=", ")
    august sixteenth two thousand and fifty five, in the year eighteen fifty two
    """
    count, random = whole(count, "spoken_dates: count", least=1, most=50_000), np.random.default_rng(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        year, month = int(random.integers(1800, 2100)), int(random.integers(12))
        day, form = int(random.integers(DAYS[month])), FORMS[random.integers(len(FORMS))]
        parts = 3 if "{day}" in form else 2 if "{month}" in form else 1
        date = "-".join([f"{year}", f"{month + 1:02}", f"{day + 1:02}"][:parts])
        sentence = form.format(day=_day(day + 1), month=MONTHS[month], year=_year(year, random))
        found.setdefault(date, sentence)
    return SpokenDates(list(found.values()), list(found), WORDS)


def _day(number: int) -> str:
    if number <= 20:
        return ORDINALS[number - 1]
    tens, ones = divmod(number, 10)
    return f"{TENS[tens - 2]} {ORDINALS[ones - 1]}" if ones else "thirtieth"


def _year(year: int, random: np.random.Generator) -> str:
    """A year in words, in one of the ways in which it is spoken."""
    century, rest = divmod(year, 100)
    other, with_and = random.random(2) < 0.5
    if century == 20 and (rest < 10 or other):
        words = ["two thousand", "and" if with_and and rest else "", _number(rest)]
    elif rest >= 10 or not rest:
        words = [_number(century), _number(rest) or "hundred"]
    else:
        words = [_number(century), "oh" if other else "hundred and", _number(rest)]
    return " ".join(filter(None, words))


def _number(number: int) -> str:
    """A number below 100 in words; nothing for 0."""
    tens, ones = divmod(number, 10) if number >= 20 else (0, number)
    return " ".join(TENS[tens - 2 : tens - 1] * (tens > 0) + ONES[ones - 1 : ones] * (ones > 0))
