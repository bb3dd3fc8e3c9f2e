"""Writes the people of a photograph into a packet of XMP, beside what other programs wrote there.

Regions follow the Metadata Working Group's Guidelines for Handling Image Metadata 2.0, section 5.9: centre and size as
shares of the *stored* picture, before its Exif orientation turns it ("Region metadata is applied to the stored image";
who turns the picture turns the regions). mien notes which regions and keywords it wrote, so that they follow a renamed
person; anything else belongs to another program and stays.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from mien.sorting.tree import Name, XmpError
from mien.sorting.xmp import RDF, Packet, legible

RS = "http://www.metadataworkinggroup.com/schemas/regions/"
AREA = "http://ns.adobe.com/xmp/sType/Area#"
DIM = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
MIEN = "urn:mien:people#"
REGIONS: Name = (RS, "Regions")
KEYWORDS: tuple[tuple[Name, str, str], ...] = (  # each list of keywords, its kind, and what parts the levels in it
    (("http://purl.org/dc/elements/1.1/", "subject"), "Bag", ""),
    (("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "PersonInImage"), "Bag", ""),
    (("http://ns.adobe.com/lightroom/1.0/", "hierarchicalSubject"), "Bag", "|"),
    (("http://www.digikam.org/ns/1.0/", "TagsList"), "Seq", "/"),
)
PEOPLE = "People"  # digiKam's word for the root of people's keywords
OWN: Name = (MIEN, "Added")  # the keywords that mien added, as "LIST NAME"
SAME = 0.2  # overlap (IoU) of one face's boxes; programs draw them of very different size
SHAPE = 0.02  # by which the ratio of sides may differ if two pictures are one in two sizes
Area = tuple[float, float, float, float]  # centre x and y, width and height, as shares of the stored picture


@dataclass(frozen=True, slots=True)
class Named:
    """A named face and its area."""

    name: str
    area: Area


@dataclass(frozen=True, slots=True)
class _Region:
    """A region of a packet; `area` is None if it is no rectangle in shares, and `ours` if mien wrote it."""

    element: Element
    name: str
    area: Area | None
    ours: bool


def stored(box: Area, orientation: int) -> Area:
    """Returns the area of a box in the picture as stored.

    Args:
        box: left, top, width and height as shares of the upright picture.
        orientation: the EXIF orientation, 1–8, that made it upright.
    """
    left, top, width, height = box
    x, y = left + width / 2, top + height / 2
    if orientation >= 5:
        width, height = height, width
    centre = {
        2: (1 - x, y), 3: (1 - x, 1 - y), 4: (x, 1 - y), 5: (y, x), 6: (y, 1 - x), 7: (1 - y, 1 - x), 8: (1 - y, x),
    }.get(orientation, (x, y))  # fmt: skip
    return (*centre, width, height)


def write(packet: Packet, width: int, height: int, people: Sequence[Named]) -> None:
    """Writes the people of a photograph into a packet.

    A face that another program named keeps that name, and one that was removed after mien wrote it stays removed.

    Args:
        packet: the packet, which is changed.
        width: columns of the picture as stored.
        height: rows of the picture as stored.
        people: its named faces.

    Raises:
        XmpError: the packet has regions of a picture of another shape.
    """
    people = [Named(name, each.area) for each in people if (name := legible(each.name))]
    left, fresh = _regions(packet), []
    if people and left:
        _refuse_another_shape(packet, width, height)
    ours = {each.name for each in left if each.ours}
    removed = {note.partition(" ")[2] for note in packet.words(OWN)} - {each.name for each in left}
    for face in people:
        match = max(left, key=lambda each: _overlap(each.area, face.area), default=None)
        if match is None or _overlap(match.area, face.area) < SAME:
            fresh.append(face)
            continue
        left.remove(match)
        if match.ours or not match.name:
            _set(packet, match, face)
    for each in left:
        if each.ours:
            _remove(packet, each.element)
    there, wanted = Counter(each.name for each in _regions(packet)), Counter(face.name for face in people)
    for face in fresh:
        if there[face.name] < wanted[face.name] and (face.name in ours or face.name not in removed):
            there[face.name] += 1  # a person is once in a picture, wherever another program drew the box
            _add(packet, width, height, face)
    _write_keywords(packet, [face.name for face in people if there[face.name]], there.keys())


def keep_people(packet: Packet) -> None:
    """Removes all but regions and keywords: what a new sidecar takes over from the packet inside a photograph."""
    packet.keep({REGIONS, *(name for name, _, _ in KEYWORDS)})


def _write_keywords(packet: Packet, names: Sequence[str], there: Collection[str]) -> None:
    """Adds the names to each list, and removes those that mien added for faces that are gone."""
    notes = packet.words(OWN)
    gone = {note for note in notes if note.partition(" ")[2] not in there}
    added = []
    for name, kind, parts in KEYWORDS:
        local = name[1]
        packet.remove_words(
            name, {_word(note.partition(" ")[2], parts) for note in gone if note.partition(" ")[0] == local}
        )
        present = packet.words(name)
        added += [f"{local} {each}" for each in names if _word(each, parts) not in present]
        packet.add_words(name, [_word(each, parts) for each in names], kind)
    packet.remove_words(OWN, gone)
    packet.add_words(OWN, added)


def _word(name: str, parts: str) -> str:
    return f"{PEOPLE}{parts}{name.replace(parts, '-')}" if parts else name


def _refuse_another_shape(packet: Packet, width: int, height: int) -> None:
    found = packet.find(REGIONS)
    applied = packet.fields(found).get((RS, "AppliedToDimensions")) if found is not None else None
    if not isinstance(applied, Element):
        return
    fields = packet.fields(applied)
    try:
        w, h = (float(_text(fields.get((DIM, key)))) for key in "wh")
    except ValueError:
        return
    if w > 0 and h > 0 and abs(w * height / (h * width) - 1) > SHAPE:
        raise XmpError(f"its regions are those of a picture of {w:g} × {h:g}, and this one has {width} × {height}")


def _regions(packet: Packet) -> list[_Region]:
    bag = _bag(packet)
    return [_region(packet, each) for each in bag if packet.name(each)[0]] if bag is not None else []


def _bag(packet: Packet) -> Element | None:
    found = packet.find(REGIONS)
    listed = packet.fields(found).get((RS, "RegionList")) if found is not None else None
    return packet.items(listed) if isinstance(listed, Element) else None


def _region(packet: Packet, element: Element) -> _Region:
    fields = packet.fields(element)
    found, extensions = fields.get((RS, "Area")), fields.get((RS, "Extensions"))
    inner = packet.fields(found) if isinstance(found, Element) else {}
    area: Area | None = None
    try:
        x, y, w, h = (float(_text(inner.get((AREA, key)))) for key in "xywh")
        if _text(inner.get((AREA, "unit"))) in ("", "normalized") and _text(fields.get((RS, "Type"))) in ("", "Face"):
            area = (x, y, w, h)
    except ValueError:  # a point or a circle
        pass
    name = _text(fields.get((RS, "Name")))
    written = packet.fields(extensions).get((MIEN, "Written")) if isinstance(extensions, Element) else None
    return _Region(element, name, area, ours=bool(name) and _text(written) == name)


def _add(packet: Packet, width: int, height: int, face: Named) -> None:
    """Adds a region, and the structure around it where there is none."""
    regions = packet.find(REGIONS)
    if regions is None:
        regions = packet.add(REGIONS, resource=True, declaring=(AREA, DIM, MIEN))
        applied = packet.append(regions, (RS, "AppliedToDimensions"), resource=True)
        for key, text in (("w", str(width)), ("h", str(height)), ("unit", "pixel")):
            packet.append(applied, (DIM, key), text)
    listed = packet.fields(regions).get((RS, "RegionList"))
    if not isinstance(listed, Element):
        listed = packet.append(packet.holder(regions), (RS, "RegionList"))
    element = packet.append(packet.items(listed), (RDF, "li"), resource=True)
    _set(packet, _Region(element, "", None, ours=True), face)


def _set(packet: Packet, region: _Region, face: Named) -> None:
    """Names a region; one of mien's own also gets its area and its mark."""
    if region.ours and (region.name, _written(region.area)) == (face.name, _written(face.area)):
        return
    for key in ("Name", "Type", "Area", "Extensions") if region.ours else ("Name",):
        packet.drop(region.element, (RS, key))
    holder = packet.holder(region.element)
    packet.append(holder, (RS, "Name"), face.name)
    if not region.ours:
        return
    packet.append(holder, (RS, "Type"), "Face")
    area = packet.append(holder, (RS, "Area"), resource=True)
    for key, text in zip((*"xywh", "unit"), (*_written(face.area), "normalized"), strict=True):
        packet.append(area, (AREA, key), text)
    extensions = packet.append(holder, (RS, "Extensions"), resource=True)
    packet.append(extensions, (MIEN, "Written"), face.name)


def _written(area: Area | None) -> tuple[str, ...]:
    return tuple(f"{value:.6f}" for value in area or ())


def _remove(packet: Packet, element: Element) -> None:
    """Removes a region, and the property with the last one."""
    bag = _bag(packet)
    if bag is not None:
        bag.remove(element)
        if not len(bag):
            packet.discard(REGIONS)


def _text(value: Element | str | None) -> str:
    return ((value.text if isinstance(value, Element) else value) or "").strip()


def _likeness(face: Named, region: _Region) -> tuple[float, bool]:
    return _overlap(region.area, face.area), region.name == face.name


def _overlap(one: Area | None, other: Area) -> float:
    """Returns the intersection of two areas divided by their union."""
    if one is None:
        return 0.0
    sides = [
        max(0.0, min(one[at] + one[at + 2] / 2, other[at] + other[at + 2] / 2)
            - max(one[at] - one[at + 2] / 2, other[at] - other[at + 2] / 2))
        for at in (0, 1)
    ]  # fmt: skip
    shared = sides[0] * sides[1]
    whole = one[2] * one[3] + other[2] * other[3] - shared
    return shared / whole if whole > 0 else 0.0
