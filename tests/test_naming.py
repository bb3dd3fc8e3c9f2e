"""Names written as ids: reversible, within the API's bounds, and right for ids that were written before."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mien import naming
from mien.errors import InvalidParameterError

ID = re.compile(r"[a-zA-Z0-9_.\-:]+")
NAMES = (
    "Al Gore", "Al:20Gore", "Al_Gore", "Анна", "Иван", "Éléonore d'Arc", "สมชาย ใจดี", "محمد بن سلمان",
    "李小龙", "Nguyễn Thị Minh Khai", "👩‍👩‍👧", "O'Brien, Jr.", "a~b", "100%", "Trip 240815", "Trip 24-08-15 b",
    "Photo 12", "20240815_1", "x:.0123456789abcdef0123456789abcdef", "::QQ.", ":", "…", "-", "a:20240815",
)  # fmt: skip
LONG = (
    "Константин Константинович Константинопольский",
    "ประยุทธ์ จันทร์โอชา รัฐมนตรี",
    "👍" * 31,
    "ä" * 60,
)  # in more than 128 characters if every byte took three
texts = some.text(some.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60)


def normal(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip(naming._EDGES)


@pytest.mark.parametrize("name", NAMES + LONG)
def test_a_name_comes_back(name: str) -> None:
    for most in (naming.MOST_USER, naming.MOST_IMAGE):
        identifier = naming.written(name, most)
        assert ID.fullmatch(identifier)
        assert len(identifier) <= most
        assert naming.shown(identifier) == normal(name)
        assert naming.kept_beside(name, identifier) is None


@given(texts)
def test_any_name_comes_back_or_is_kept_beside(name: str) -> None:
    if not normal(name):
        with pytest.raises(InvalidParameterError, match="empty"):
            naming.written(name)
        return
    identifier = naming.written(name)
    assert ID.fullmatch(identifier)
    assert len(identifier) <= naming.MOST_USER
    assert naming.written(normal(name)) == identifier
    assert (naming.kept_beside(name, identifier) or naming.shown(identifier)) == normal(name)
    if len(name.encode()) < 40:
        assert naming.kept_beside(name, identifier) is None


@given(some.lists(texts.filter(normal), min_size=2, max_size=2, unique_by=normal))
def test_different_names_have_different_ids(names: list[str]) -> None:
    for most in (naming.MOST_USER, naming.MOST_IMAGE):
        assert naming.written(names[0], most) != naming.written(names[1], most)


@given(some.text("aA01279:.-_", max_size=40))
def test_an_id_is_shown_as_the_name_it_was_written_from_or_as_it_is(identifier: str) -> None:
    shown = naming.shown(identifier)
    assert shown == identifier or naming.written_file(shown) == identifier or "…" in shown


def test_what_is_too_long_is_begun_and_told_apart_and_kept_beside() -> None:
    ids = [naming.written("ก" * 300 + end) for end in "ab"]
    assert len({*ids}) == 2
    assert all(len(each) <= 128 and ID.fullmatch(each) for each in ids)
    assert re.fullmatch("ก{20,}…", naming.shown(ids[0]))
    assert naming.kept_beside("ก" * 300, ids[0]) == "ก" * 300
    assert len(naming.written("x" * 1000)) == 128
    for beginning in ("Trip 240815 ", "é ", "a:20 "):  # which are written with care themselves
        assert naming.shown(naming.written(beginning + "x" * 200)).startswith(beginning + "x")


def test_a_file_name_of_any_script_fits_a_file_system_and_an_id() -> None:
    for letter in "яกé龍👍":
        name = letter * (240 // len(letter.encode())) + ".jpeg"
        assert naming.shown(naming.written_file(name)) == unicodedata.normalize("NFC", name)


def test_one_name_has_one_id_however_it_is_composed_or_surrounded() -> None:
    for same in ("Zoe\u0308", "\ufeffZoë", " Zoë\n", "\u202aZoë\u202c", "\u3000Zoë\u200b"):
        assert naming.written(same) == "Zo:C3:AB"
    assert naming.written_file("Zoe\u0308.jpg") == "Zo:C3:AB.jpg"
    assert naming.written_file(" a.jpg") == ":20a.jpg"  # of a file a space is a part of the name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "The name is empty."),
        (" \t\u200b\ufeff", "The name is empty."),
        ("Anna\nBea", "a line break or another control character"),
        ("Anna\0", "a line break or another control character"),
        ("Anna\x85Bea", "control character"),
        ("Jos\udce9", "not in UTF-8"),
        ("\ud83d", "not in UTF-8"),
        ("x" * 1001, "has 1,001 characters; it may have 1,000"),
    ],
)
def test_what_is_no_name_is_refused_in_a_sentence(name: str, words: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        naming.written(name)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 100


def test_files_with_odd_names_have_ids_of_their_own() -> None:
    made = [naming.written_file(each) for each in ("a\udce9.jpg", "a\udcea.jpg", "a\n.jpg", "aé.jpg")]
    assert made == ["a:E9.jpg", "a:EA.jpg", "a:0A.jpg", "a:C3:A9.jpg"]
    assert [naming.shown(each) for each in made] == [*made[:3], "aé.jpg"]
    assert len({naming.written_file("я" * 200 + end) for end in ("\udce9", "\udcea", "?")}) == 3
    for bad in ("", "\ud83d.jpg"):
        with pytest.raises(InvalidParameterError):
            naming.written_file(bad)


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("Grace:20Hopper", "Grace Hopper"),  # as `mien import` wrote it
        ("e:CC:81.jpg", "é.jpg"),
        ("Photo:2012.jpg", "Photo 12.jpg"),
        ("WhatsApp:20Image:202024-08-15:20at:2010.jpg", "WhatsApp Image 2024-08-15 at 10.jpg"),
        ("Al_Gore", "Al_Gore"),  # as the console wrote it
        ("Anna:IMG_1.jpg", "Anna:IMG_1.jpg"),
        ("Anna:20240815_1.jpg", "Anna:20240815_1.jpg"),
        ("Anna:2024-08-15_1.jpg", "Anna:2024-08-15_1.jpg"),
        ("Anna:01.jpg", "Anna:01.jpg"),
        ("Anna:DE.jpg", "Anna:DE.jpg"),
        ("Anna:41.jpg", "Anna:41.jpg"),
        ("team:alice", "team:alice"),  # as somebody's program wrote it
        ("a::b", "a::b"),
        ("::QQQ9.", "Ан"),
    ],
)
def test_ids_that_are_there_are_shown_right(identifier: str, name: str) -> None:
    assert naming.shown(identifier) == name


def test_an_operator_names_a_user_or_gives_an_id() -> None:
    assert naming.meant("Grace Hopper") == naming.meant("Grace:20Hopper") == "Grace:20Hopper"
    assert naming.meant("team:alice") == "team:alice"
    assert len(naming.meant("x" * 200)) == 128
