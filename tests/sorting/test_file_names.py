"""Names of folders that every system takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.sorting.file_names import MOST_BYTES, file_name, key, numbered

RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anna Müller", "Anna Müller"), ("Анна", "Анна"), ("ก้อง", "ก้อง"), ("a/b\\c:d", "a_b_c_d"), ("what?", "what_"),
        ("con", "_con"), ("Nul.txt", "_Nul.txt"), ("COM1", "_COM1"), ("Conny", "Conny"), ("..", "_"), ("", "_"),
        (" Anna. ", "Anna"), (".hidden", "_hidden"), ("../../etc/passwd", "_._.._etc_passwd"), ("A\0B\n", "A_B_"),
        ("Mu\u0308ller", "Müller"),
    ],
)  # fmt: skip
def test_a_name_stays_as_like_itself_as_it_can(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_a_long_name_is_cut_between_letters_and_stays_unique() -> None:
    one, other = file_name("ก" * 200 + "1"), file_name("ก" * 200 + "2")
    assert one != other
    assert len(one.encode()) <= MOST_BYTES
    assert one.rpartition("~")[0] == "ก" * len(one.rpartition("~")[0])


def test_a_numbered_name_keeps_its_ending() -> None:
    assert [numbered("IMG", number, ".jpg") for number in (1, 2)] == ["IMG.jpg", "IMG (2).jpg"]
    assert numbered("x" * 300, 12, ".jpeg").endswith(" (12).jpeg")
    assert numbered("", 2, ".jpg") == "_ (2).jpg"


def test_names_that_a_system_takes_for_one_have_one_key() -> None:
    assert key("ANNA/Mu\u0308ller") == key("anna/Müller")
    assert key("Straße") == key("STRASSE")
    assert key("Anna") != key("Anne")


@given(st.text(st.characters(), max_size=400), st.sampled_from(["", ".jpg", " (2).JPEG"]))
def test_any_text_becomes_a_file_name(name: str, ending: str) -> None:
    made = file_name(name, ending)
    assert made
    assert made not in (".", "..")
    assert not set(made) & set('<>:"/\\|?*') and all(ord(letter) >= 32 for letter in made)
    assert len(made.encode()) <= MOST_BYTES + len(ending)
    assert not made.startswith((".", " "))
    assert not made.endswith((".", " "))
    assert made.split(".")[0].upper() not in RESERVED
