"""People written into XMP, beside what other programs wrote, and read back by readers that know nothing of mien."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.sorting.regions import KEYWORDS, OWN, Named, keep_people, stored, write
from mien.sorting.tree import XmpError
from mien.sorting.xmp import Packet

ANNA, BEA = Named("Анна Müller", (0.3, 0.4, 0.1, 0.2)), Named("Bea/B|c", (0.7, 0.4, 0.1, 0.2))
DIGIKAM = """<?xml version="1.0" encoding="UTF-8"?>
<!-- by another program -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:acme="http://example.org/acme/" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
    xmlns:digiKam="http://www.digikam.org/ns/1.0/" xmp:Rating="4" acme:Note="one&#10;two &lt;&#13;three">
   <dc:subject><rdf:Bag><rdf:li>holiday</rdf:li><rdf:li>Анна Müller</rdf:li></rdf:Bag></dc:subject>
   <digiKam:TagsList><rdf:Seq><rdf:li>Places/Sea</rdf:li></rdf:Seq></digiKam:TagsList>
   <mwg-rs:Regions rdf:parseType="Resource">
    <mwg-rs:AppliedToDimensions stDim:w="4000" stDim:h="3000" stDim:unit="pixel"/>
    <mwg-rs:RegionList><rdf:Bag>
     <rdf:li><rdf:Description mwg-rs:Name="Opa" mwg-rs:Type="Face">
      <mwg-rs:Area stArea:x="0.71" stArea:y="0.41" stArea:w="0.12" stArea:h="0.24" stArea:unit="normalized"/>
     </rdf:Description></rdf:li>
     <rdf:li rdf:parseType="Resource"><mwg-rs:Type>Focus</mwg-rs:Type>
      <mwg-rs:Area rdf:parseType="Resource"><stArea:x>0.3</stArea:x><stArea:y>0.4</stArea:y><stArea:w>0.1</stArea:w>
      <stArea:h>0.2</stArea:h></mwg-rs:Area></rdf:li>
    </rdf:Bag></mwg-rs:RegionList>
   </mwg-rs:Regions>
   <acme:Layers><rdf:Seq><rdf:li>CDATA <![CDATA[<&>]]></rdf:li></rdf:Seq></acme:Layers>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
""".encode()


def written(*people: Named, onto: bytes | None = None) -> bytes:
    packet = Packet(onto) if onto is not None else Packet()
    write(packet, 4000, 3000, people)
    return packet.bytes()


def names(data: bytes) -> list[str]:
    """The names of the regions, as a reader would take them out by hand."""
    text = data.decode()
    return [part.partition("<")[0] for part in text.split("<mwg-rs:Name>")[1:]]


def exiftool(data: bytes, folder: Path) -> dict[str, Any]:
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    path = folder / "sidecar.xmp"
    path.write_bytes(data)
    ran = subprocess.run(["exiftool", "-struct", "-j", "-G1", str(path)], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(ran.stdout)[0]
    return answer


def test_a_reader_of_namespaces_finds_the_people() -> None:
    """ElementTree resolves prefixes by itself, as every reader of XMP does and mien's own does otherwise."""
    rdf = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    rs = "{http://www.metadataworkinggroup.com/schemas/regions/}"
    for onto, others in ((None, []), (DIGIKAM, [None, None])):
        root = ElementTree.fromstring(written(ANNA, onto=onto))
        found = root.findall(f".//{rs}RegionList/{rdf}Bag/{rdf}li")
        assert [each.findtext(f"{rs}Name") for each in found] == [*others, ANNA.name]
        area = found[-1].find(f"{rs}Area")
        assert area is not None
        texts = {child.tag.partition("}")[2]: child.text for child in area}
        assert texts == {"x": "0.300000", "y": "0.400000", "w": "0.100000", "h": "0.200000", "unit": "normalized"}
        assert {child.tag.partition("#")[0] for child in area} == {"{http://ns.adobe.com/xmp/sType/Area"}
        assert area.get(f"{rdf}parseType") == "Resource"


def test_exiv2_reads_the_people(tmp_path: Path) -> None:
    """The library that digiKam reads with; its module is under the GPL and no dependency of mien's."""
    pyexiv2 = pytest.importorskip("pyexiv2", reason="pyexiv2 is not installed")
    path = tmp_path / "sidecar.xmp"
    path.write_bytes(
        written(ANNA, onto=DIGIKAM.replace(b"<!-- by another program -->\n", b""))
    )  # exiv2 knows no comments
    with pyexiv2.Image(str(path)) as image:
        found = image.read_xmp()
    third = "Xmp.mwg-rs.Regions/mwg-rs:RegionList[3]"
    assert found[f"{third}/mwg-rs:Name"] == ANNA.name
    assert found[f"{third}/mwg-rs:Area/stArea:x"] == "0.300000"
    assert found["Xmp.digiKam.TagsList"] == ["Places/Sea", "People/Анна Müller"]
    assert found["Xmp.xmp.Rating"] == "4"


@pytest.mark.parametrize(
    ("orientation", "centre", "turned"),
    [
        (1, (0.2, 0.3), False), (2, (0.8, 0.3), False), (3, (0.8, 0.7), False), (4, (0.2, 0.7), False),
        (5, (0.3, 0.2), True), (6, (0.3, 0.8), True), (7, (0.7, 0.8), True), (8, (0.7, 0.2), True),
    ],
)  # fmt: skip
def test_a_region_refers_to_the_stored_picture(orientation: int, centre: tuple[float, float], turned: bool) -> None:
    """Where a box of the upright picture lies before each EXIF orientation turns it, by hand."""
    found = stored((0.1, 0.1, 0.2, 0.4), orientation)
    assert found[:2] == pytest.approx(centre)
    assert found[2:] == pytest.approx((0.4, 0.2) if turned else (0.2, 0.4))


def test_exiftool_reads_the_people(tmp_path: Path) -> None:
    found = exiftool(written(ANNA, BEA), tmp_path)
    info = found["XMP-mwg-rs:RegionInfo"]
    assert info["AppliedToDimensions"] == {"W": 4000, "H": 3000, "Unit": "pixel"}
    assert [(each["Name"], each["Type"]) for each in info["RegionList"]] == [(ANNA.name, "Face"), (BEA.name, "Face")]
    assert info["RegionList"][0]["Area"] == {"X": 0.3, "Y": 0.4, "W": 0.1, "H": 0.2, "Unit": "normalized"}
    assert found["XMP-dc:Subject"] == found["XMP-iptcExt:PersonInImage"] == [ANNA.name, BEA.name]
    assert found["XMP-digiKam:TagsList"] == ["People/Анна Müller", "People/Bea-B|c"]
    assert found["XMP-lr:HierarchicalSubject"] == ["People|Анна Müller", "People|Bea/B-c"]
    assert "Warning" not in found


def test_exiftool_reads_what_was_there_before(tmp_path: Path) -> None:
    found = exiftool(written(ANNA, BEA, onto=DIGIKAM), tmp_path)
    assert found["XMP-xmp:Rating"] == 4
    assert [each.get("Name") for each in found["XMP-mwg-rs:RegionInfo"]["RegionList"]] == ["Opa", None, ANNA.name]
    assert found["XMP-dc:Subject"] == ["holiday", "Анна Müller"]
    assert found["XMP-digiKam:TagsList"] == ["Places/Sea", "People/Анна Müller"]


def test_what_other_programs_wrote_stays() -> None:
    """A rectangle of focus over a face is no face, and Opa keeps his name where mien says Bea."""
    data = written(ANNA, BEA, onto=DIGIKAM)
    assert data.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- by another program -->\n<x:xmpmeta')
    assert b'acme:Note="one&#10;two &lt;&#13;three"' in data
    assert b"CDATA &lt;&amp;&gt;" in data
    assert b'xmp:Rating="4"' in data
    assert b'mwg-rs:Name="Opa"' in data
    assert names(data) == [ANNA.name]
    assert "People/Bea" not in data.decode()


def test_writing_twice_changes_nothing() -> None:
    for onto in (None, DIGIKAM):
        once = written(ANNA, BEA, onto=onto)
        assert written(ANNA, BEA, onto=once) == once


def test_a_renamed_person_is_renamed_and_a_removed_one_removed() -> None:
    before = written(ANNA, BEA, onto=DIGIKAM)
    after = written(Named("Anna M.", ANNA.area), onto=before)
    assert names(after) == ["Anna M."]
    assert Packet(after).words(KEYWORDS[3][0]) == ["Places/Sea", "People/Anna M."]
    assert Packet(after).words(KEYWORDS[0][0]) == ["holiday", "Анна Müller", "Anna M."]  # the second was not mien's
    none = Packet(written(onto=after))
    assert none.words(KEYWORDS[3][0]) == ["Places/Sea"]
    assert none.words(OWN) == []
    assert b"Opa" in none.bytes()
    empty = Packet(written(onto=written(ANNA)))
    assert empty.is_empty()


def test_a_name_that_a_person_gave_or_took_away_is_respected() -> None:
    renamed = written(ANNA).replace("<mwg-rs:Name>Анна Müller".encode(), b"<mwg-rs:Name>Anya")
    assert names(written(ANNA, onto=renamed)) == ["Anya"]
    packet = Packet(written(ANNA, BEA))
    text = packet.bytes().decode()
    begin = text.index('<rdf:li rdf:parseType="Resource"><mwg-rs:Name>Bea')
    end = text.index("</rdf:li>", begin) + len("</rdf:li>")
    without = (text[:begin] + text[end:]).encode()
    assert names(written(ANNA, BEA, onto=without)) == [ANNA.name]


def test_an_unnamed_face_of_another_program_gets_its_name() -> None:
    unnamed = DIGIKAM.replace(b'mwg-rs:Name="Opa" ', b"")
    data = written(BEA, onto=unnamed)
    assert names(data) == [BEA.name]
    assert b'stArea:x="0.71"' in data  # its rectangle stays


def test_regions_of_a_picture_of_another_shape_are_refused() -> None:
    packet = Packet(DIGIKAM)
    with pytest.raises(XmpError, match="4000 × 3000, and this one has 3000 × 4000"):
        write(packet, 3000, 4000, [ANNA])
    write(packet, 2000, 1500, [ANNA])  # the same picture, smaller


def test_a_new_sidecar_takes_over_the_people_within_the_photograph() -> None:
    packet = Packet(DIGIKAM[DIGIKAM.index(b"<x:xmpmeta") :])
    keep_people(packet)
    text = packet.bytes().decode()
    assert "Opa" in text and "holiday" in text and "Places/Sea" in text
    assert "Rating" not in text and "acme:" not in text.replace("xmlns:acme", "")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no XML"),
        (b"<x", "no XML"),
        (b"<html/>", "no rdf:RDF"),
        (b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>', "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
        (b"<a>" * 200 + b"</a>" * 200, "deep"),
        (b"<a>" + b" " * (33 << 20) + b"</a>", "larger"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "no XML"),
        (b"\xff\xfe<\0", "no XML"),
    ],
)  # fmt: skip
def test_what_is_no_xmp_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(XmpError, match=why):
        Packet(data)


def test_a_billion_laughs_are_not_read() -> None:
    entities = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10 if level else "ha"}">' for level in range(10))
    with pytest.raises(XmpError, match="document type"):
        Packet(f"<!DOCTYPE a [{entities}]><a>&l9;</a>".encode())


def test_two_people_of_one_name_are_both_written() -> None:
    once = written(ANNA, Named(ANNA.name, BEA.area))
    assert names(once) == [ANNA.name, ANNA.name]
    assert written(ANNA, Named(ANNA.name, BEA.area), onto=once) == once
    assert Packet(once).words(KEYWORDS[0][0]) == [ANNA.name]


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_names_can_be_written_and_read(given: list[str]) -> None:
    people = [Named(name, (0.1 + 0.15 * place, 0.5, 0.1, 0.2)) for place, name in enumerate(given)]
    once = written(*people)
    assert written(*people, onto=once) == once
    assert Packet(once).bytes() == once
