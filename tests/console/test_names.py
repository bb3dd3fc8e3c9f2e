"""The console writes and shows names as `mien.naming` does."""

import random
import unicodedata

from mien import naming
from mien.errors import InvalidParameterError
from tests.console.test_modules import run
from tests.console.visit import Visit
from tests.test_naming import LONG, NAMES

ODD = (
    "", " ", "\u200b\ufeff", "a\nb", "a\0b", "\x85a\x85", "a\u2028b", "x" * 1001, "x" * 1000, "я" * 1000,
    "👍" * 1001, "\ufeffZoë", "\u202aZoe\u0308\u202c", "\u3000ä", "ก" * 300, "Trip 240815 " + "x" * 200,
    "e\u0301" * 100,
)  # fmt: skip
IDS = (
    "Grace:20Hopper", "e:CC:81.jpg", "Photo:2012.jpg", "Al_Gore", "Anna:20240815_1.jpg", "Anna:01.jpg", "Anna:DE.jpg",
    "a::b", "::QQQ9.", "::QQ.", "::Q.", "a:ff", ":", "::", ":.", ":." + "0" * 32, ":EF:BB:BF", ":ED:A0:80",
    ":C3", "a:7E",
)  # fmt: skip


def generated(count: int) -> list[str]:
    """Names of characters of every kind that Unicode 13 has, since a browser may know another version."""
    draw = random.Random(7)
    kinds = ("abzAZ09-_.:~ ", "äöüßéñ", "Яблоко", "กขค์ี", "محمد", "李小龙", "👩\u200d👍🏽", "e\u0301\u0308")
    return ["".join(draw.choice(draw.choice(kinds)) for _ in range(draw.randint(1, 70))) for _ in range(count)]


def python(name: str) -> list[str | None]:
    try:
        user = naming.written(name)
        return [None, user, naming.written(name, naming.MOST_IMAGE), naming.shown(user), naming.kept_beside(name, user)]
    except InvalidParameterError as error:
        return [next(word for word in ("empty", "characters;", "UTF-8", "control") if word in str(error))]


def test_names_are_written_and_shown_as_in_python(visit: Visit) -> None:
    body = """
    const words = { empty: 'empty', long: 'characters;', unicode: 'UTF-8', control: 'control' };
    return given.map((name) => {
      const wrong = m.problem(name);
      if (wrong) return [words[wrong]];
      const user = m.written(name);
      return [null, user, m.written(name, m.MOST_IMAGE), m.shown(user), m.keptBeside(name, user) ?? null];
    });"""
    names = [*NAMES, *LONG, *ODD, *generated(2000)]
    assert {unicodedata.category(letter) for name in names for letter in name} >= {"Lu", "Lo", "Mn", "Nd", "So", "Cf"}
    assert run(visit.open(), "names.js", body, names) == [python(name) for name in names]


def test_ids_and_names_of_files_too(visit: Visit) -> None:
    page = visit.open()
    ids = [*IDS, *(naming.written_file(name) for name in generated(500))]
    assert run(page, "names.js", "return given.map(m.shown);", ids) == [naming.shown(each) for each in ids]
    names = [" a.jpg", "a\nb.jpg", *(f"{name}.jpeg" for name in generated(500))]
    assert run(page, "names.js", "return given.map(m.writtenFile);", names) == [*map(naming.written_file, names)]
