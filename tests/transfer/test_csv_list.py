"""CSV files as spreadsheets write them: any separator, capitals, marks of byte order, quotes, and rows with faults."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mien import naming
from mien.errors import SetupError
from mien.transfer.csv_list import of_csv
from mien.transfer.photographs import Photograph, UnreadableError
from mien.transfer.walking import Skipped

JPEG = b"\xff\xd8\xff"
CONTROL = "The name has a line break or another control character; write it without."
ROWS = [("1.jpg", "Grace Hopper", "navy 1"), ("2.jpg", "Анна", ""), ("3.jpg", "", "x:1"), ("4.jpg", "team:ann", "a;b")]
WANTED = [
    ("1.jpg", "Grace:20Hopper", "navy:201", "Grace Hopper"),
    ("2.jpg", naming.written("Анна"), "2.jpg", "Анна"),
    ("3.jpg", None, "x:1", None),
    ("4.jpg", "team:ann", "a:3Bb", "team:ann"),
]


def listed(file: Path) -> list[tuple[str, str | None, str, str | None]]:
    found = [*of_csv(file).photographs()]
    return [(each.name, each.user, each.external_image_id, each.person) for each in found]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "header", ["image,user,external_image_id", "Image,USER,External_Image_Id", '"image" , user, "external_image_id"']
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_is_read_as_any_spreadsheet_writes_it(
    tmp_path: Path, separator: str, encoding: str, header: str, end: str
) -> None:
    if " " in header:
        header = header.replace('"image" ', '"image"')
    lines = [header.replace(",", separator), *(separator.join(f'"{each}"' for each in row) for row in ROWS), ""]
    (tmp_path / "list.csv").write_bytes((end.join(lines) + end).encode(encoding))
    assert listed(tmp_path / "list.csv") == WANTED


def test_a_row_with_a_fault_does_not_end_the_list(tmp_path: Path) -> None:
    (tmp_path / "ok.jpg").write_bytes(JPEG)
    (tmp_path / "list.csv").write_text(
        "image,user,external_image_id\n"
        "nul\0.jpg,,\n"
        ",ann,\n"
        "\n"
        'ok.jpg,"a\nb",\n'
        f"ok.jpg,{'x' * 1001},\n"
        "ok.jpg,,a\0b\n"
        "ok.jpg\n"
        "ok.jpg,ann,1,more,and more\n"
    )
    found = [*of_csv(tmp_path / "list.csv").walk()]
    said = []
    for each in found:
        if isinstance(each, Skipped):
            said.append(each.why)
            continue
        try:
            said.append(each.read().decode("latin-1"))
        except UnreadableError as error:
            said.append(str(error))
    whole = JPEG.decode("latin-1")
    assert said == [
        "Its path has a NUL character.",
        "The row names no image.",
        f"{CONTROL} It is the user of row 5.",
        "The name has 1,001 characters; it may have 1,000. It is the user of row 6.",
        f"{CONTROL} It is the external_image_id of row 7.",
        whole,
        whole,
    ]


@given(some.lists(some.tuples(some.text(max_size=30), some.text(max_size=300)), max_size=5))
def test_any_text_in_a_cell_is_a_name_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    import csv

    file = tmp_path_factory.mktemp("list") / "list.csv"
    with file.open("w", newline="", encoding="utf-8", errors="replace") as into:
        csv.writer(into).writerows([("image", "user"), *rows])
    for each in of_csv(file).walk():
        assert isinstance(each, Skipped | Photograph)
        if isinstance(each, Photograph) and each.user:
            assert len(each.user) <= 128
            assert naming.meant(each.person or "") == each.user


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "must have a column named image"),
        (b"picture;user\nx.jpg;a\n", "must have a column named image in its first row"),
        ("image;user\nx.jpg;J\xf6rg\n".encode("latin-1"), "save it as CSV UTF-8"),
    ],
)
def test_what_is_no_list_is_said_in_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(SetupError, match=words):
        list(of_csv(tmp_path / "list.csv").walk())
