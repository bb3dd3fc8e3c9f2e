"""The console's texts without a browser: the same keys in every language, all of them used, and none in a script."""

import json
import re
from importlib import resources
from pathlib import Path

import pytest

FOLDER = Path(str(resources.files("mien") / "console"))
SCRIPTS = {file.name: file.read_text() for file in sorted(FOLDER.glob("*.js"))}
HTML = (FOLDER / "index.html").read_text()
FILES = {file.name.split(".")[1]: file for file in sorted(FOLDER.glob("words.*.json"))}
Text = str | dict[str, str]

# Comments, regular expressions and strings, in the order in which they hide each other.
TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    r"|(?:(?<=[=(,:!] )|(?<=[(!]))/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+/[gimu]*"
    r"|'((?:\\.|[^'\\\n])*)'|\"((?:\\.|[^\"\\\n])*)\"|`((?:\\.|[^`\\])*)`",
    re.S,
)
A_CLASS = re.compile(r"(?:class: |(?:querySelector(?:All)?|closest|matchMedia)\()[^'\"`]*$")  # before names of CSS
WORDS = re.compile(r"[^\W\d_]{2,}[,.;:]? [^\W\d_]{2,}|^[A-Z][a-z]+\b(?![A-Z])")
DATA = {  # what a script says to the server, and commands, which are the same in every language
    "Smile", "Beard", "Eyeglasses", "Sunglasses", "Mustache", "Unreachable", "Http", "Signature", "Credential=",
    "Request has invalid parameters", "bad brief", "system volume information",
}  # fmt: skip


def flat(group: dict[str, object], above: str = "") -> dict[str, Text]:
    """Returns the texts by key, as `language.js` reads them."""
    found: dict[str, Text] = {}
    for name, value in group.items():
        if isinstance(value, str):
            found[above + name] = value
        elif isinstance(value, dict) and "other" in value:
            found[above + name] = {str(form): str(text) for form, text in value.items()}
        elif isinstance(value, dict):
            found |= flat(value, f"{above}{name}.")
    return found


def read(language: str) -> dict[str, Text]:
    return flat(json.loads(FILES[language].read_text()))


def holes(text: Text) -> set[str]:
    forms = [text] if isinstance(text, str) else list(text.values())
    return {hole for form in forms for hole in re.findall(r"\{(\w+)\}", form)}


def strings(script: str) -> list[tuple[str, str]]:
    """Returns the strings of a script, each with what stands before it on its line."""
    found = []
    for token in TOKEN.finditer(script):
        text = next((part for part in token.groups() if part is not None), None)
        if text is not None:
            found.append((script[script.rfind("\n", 0, token.start()) + 1 : token.start()], text))
    return found


def test_every_language_is_offered() -> None:
    offered = re.search(r"LANGUAGES = \{(.*)\}", SCRIPTS["language.js"])
    assert offered
    assert set(re.findall(r"(\w+): '", offered[1])) == set(FILES)


@pytest.mark.parametrize("language", FILES)
def test_every_text_is_in_every_language(language: str) -> None:
    english, other = read("en"), read(language)
    assert list(other) == list(english)  # in the same order, so that two files can be read side by side
    for key, text in english.items():
        assert holes(other[key]) == holes(text), key
        assert isinstance(other[key], str) == isinstance(text, str), key
        if isinstance(text, dict):
            assert set(other[key]) == {"one", "other"}, key
        forms = [other[key]] if isinstance(text, str) else dict(other[key]).values()  # type: ignore[arg-type]
        assert all(str(form).strip() for form in forms), key


@pytest.mark.parametrize("language", [each for each in FILES if each != "en"])
def test_a_translation_is_one(language: str) -> None:
    """A loan word may be the same in two languages; a phrase is not."""
    english, other = read("en"), read(language)
    phrases = {key: text for key, text in english.items() if re.search(r"[a-z]{2,} [a-z]{2,}", str(text))}
    assert not [key for key, text in phrases.items() if other[key] == text]


def test_every_text_is_used_and_every_text_that_is_used_exists() -> None:
    keys, used = set(read("en")), set()
    everything = HTML + "".join(text for name, text in SCRIPTS.items() if name != "language.js")
    for quoted in re.findall(r"['\"]([a-z_]+\.\w+)['\"]", everything):
        used |= {quoted} & keys
    for asked in re.findall(r"\b(?:t|rich|has)\(\s*'([^']+)'|data-(?:text|name)=\"([^\"]+)\"", everything):
        key = asked[0] or asked[1]
        assert key in keys, key
    for start in re.findall(r"`([a-z]+\.[a-z_]*)\$\{", everything):  # a key that ends in a code or an option
        found = {key for key in keys if key.startswith(start)}
        assert found, start
        used |= found
    assert sorted(keys - used) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_no_text_of_its_own(name: str) -> None:
    found = []
    for before, text in strings(SCRIPTS[name]):
        if not A_CLASS.search(before) and not text.startswith(("mien ", "Mien.")) and "LANGUAGES =" not in before:
            pieces = [piece.strip() for piece in re.split(r"\$\{[^}]*\}", text)]
            found += [piece for piece in pieces if WORDS.search(piece) and piece not in DATA]
    assert not found


def test_a_text_in_a_script_is_found() -> None:
    script = "say('No such page'); h('p', { text: `Face ${i}` }); button('Stop', 'main'); h('b', { class: 'of two' });"
    found = [text for before, text in strings(script) if WORDS.search(text) and not A_CLASS.search(before)]
    assert found == ["No such page", "Face ${i}", "Stop"]
