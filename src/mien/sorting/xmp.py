"""A packet of XMP: properties of a photograph, their structures and lists, whatever form of RDF they are written in."""

import re
from collections.abc import Collection, Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement

from mien.sorting.tree import Name, XmpError, read

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
PREFIXES = {
    META: "x",
    RDF: "rdf",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://www.metadataworkinggroup.com/schemas/regions/": "mwg-rs",
    "http://ns.adobe.com/xmp/sType/Area#": "stArea",
    "http://ns.adobe.com/xap/1.0/sType/Dimensions#": "stDim",
    "urn:mien:people#": "mien",
}  # the prefixes that exiftool, digiKam and Adobe's toolkit write
EMPTY = (
    f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="{META}">'
    f'\n<rdf:RDF xmlns:rdf="{RDF}">\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
).encode()
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0, section 2.2
_LISTS = ("Bag", "Seq", "Alt")


def legible(text: str) -> str:
    """Returns a text without what XML forbids and without white space around it."""
    return _FORBIDDEN.sub("\ufffd", text).strip()


class Packet:
    """A packet of XMP.

    Args:
        data: the packet, or the whole sidecar.

    Raises:
        XmpError: it is no XMP, too large, or has a document type.
    """

    def __init__(self, data: bytes = EMPTY) -> None:
        self._tree = read(data)
        root = self._tree.root
        found = [each for each in (root, *root) if self.name(each) == (RDF, "RDF")]
        if not found:
            raise XmpError("it is no XMP: it has no rdf:RDF")
        self._rdf = found[0]

    def name(self, element: Element) -> Name:
        """Returns the resolved name of an element; empty for a comment."""
        return self._tree.name(element)

    def fields(self, element: Element) -> dict[Name, Element | str]:
        """Returns the members of a structure: elements, or the text of attributes. RDF has four ways to write one."""
        found: dict[Name, Element | str] = {
            self._tree.resolve(element, key): value for key, value in element.items() if not key.startswith("xmlns")
        }
        for child in element:
            if self.name(child) == (RDF, "Description"):
                found |= self.fields(child)
            else:
                found[self.name(child)] = child
        return {key: value for key, value in found.items() if key[0] not in ("", RDF)}

    def find(self, name: Name) -> Element | None:
        """Returns a property of the photograph; one in an attribute becomes an element."""
        for description in self._descriptions():
            for child in description:
                if self.name(child) == name:
                    return child
            for key in [key for key in description.attrib if self._tree.resolve(description, key) == name]:
                text = description.attrib.pop(key)
                return self.append(description, name, text)
        return None

    def keep(self, wanted: Collection[Name]) -> None:
        """Removes every other property."""
        for description in list(self._descriptions()):
            for name in self.fields(description).keys() - wanted:
                self.discard(name)

    def add(self, name: Name, *, resource: bool = False, declaring: tuple[str, ...] = ()) -> Element:
        """Adds a property in a description of its own, which declares these namespaces; see `append`."""
        about = next(
            (text for each in self._descriptions() for key, text in each.items()
             if self._tree.resolve(each, key) == (RDF, "about")), "",
        )  # fmt: skip
        description = self.append(self._rdf, (RDF, "Description"), declaring=(name[0], *declaring))
        description.set(self._spelled(description, (RDF, "about")), about)
        return self.append(description, name, resource=resource)

    def append(
        self, parent: Element, name: Name, text: str | None = None, *, resource: bool = False,
        declaring: tuple[str, ...] = (),
    ) -> Element:  # fmt: skip
        """Appends an element.

        Args:
            parent: the element that gets it.
            name: its name.
            text: its text, if any.
            resource: whether it is a structure (`rdf:parseType`).
            declaring: further namespaces to declare on it.
        """
        scope, declared = dict(self._tree.scopes[parent]), {}
        for uri in (name[0], RDF, *declaring):
            if uri not in scope.values():
                prefix = PREFIXES[uri]
                while prefix in scope:
                    prefix += "_"
                scope[prefix] = declared[f"xmlns:{prefix}"] = uri
        prefix = next(key for key, uri in scope.items() if uri == name[0])
        element = SubElement(parent, f"{prefix}:{name[1]}" if prefix else name[1], declared)
        self._tree.scopes[element] = scope
        if resource:
            element.set(self._spelled(element, (RDF, "parseType")), "Resource")
        if text is not None:
            element.text = text
        return element

    def items(self, element: Element, kind: str = "Bag") -> Element:
        """Returns the list in a property, and makes one where there is none; a plain text becomes its item."""
        for child in element:
            uri, local = self.name(child)
            if uri == RDF and local in _LISTS:
                return child
        text, element.text = (element.text or "").strip(), None
        made = self.append(element, (RDF, kind))
        if text:
            self.append(made, (RDF, "li"), text)
        return made

    def holder(self, element: Element) -> Element:
        """Returns the element that a structure's members stand in: itself, or the rdf:Description within it."""
        return next((each for each in element if self.name(each) == (RDF, "Description")), element)

    def drop(self, element: Element, name: Name) -> None:
        """Removes a member of a structure, however it is written."""
        for key in [key for key in element.attrib if self._tree.resolve(element, key) == name]:
            del element.attrib[key]
        for child in list(element):
            if self.name(child) == name:
                element.remove(child)
            elif self.name(child) == (RDF, "Description"):
                self.drop(child, name)

    def discard(self, name: Name) -> None:
        """Removes a property, and its description if that says nothing else."""
        for description in list(self._descriptions()):
            self.drop(description, name)
            said = [key for key in description.attrib if not key.startswith("xmlns") and not key.endswith("about")]
            if not (said or len(description)):
                self._rdf.remove(description)

    def words(self, name: Name) -> list[str]:
        """Returns the items of a list of texts; none where it is missing."""
        found = self.find(name)
        return [(each.text or "").strip() for each in self.items(found)] if found is not None else []

    def add_words(self, name: Name, words: Sequence[str], kind: str = "Bag") -> None:
        """Appends those texts to a list that it lacks."""
        missing = [each for each in dict.fromkeys(words) if each not in self.words(name)]
        if missing:
            found = self.find(name)
            listed = self.items(found if found is not None else self.add(name), kind)
            for each in missing:
                self.append(listed, (RDF, "li"), each)

    def remove_words(self, name: Name, words: Collection[str]) -> None:
        """Removes texts from a list, and the property with the last one."""
        found = self.find(name)
        if found is None or not words:
            return
        listed = self.items(found)
        for each in list(listed):
            if (each.text or "").strip() in words:
                listed.remove(each)
        if not len(listed):
            self.discard(name)

    def is_empty(self) -> bool:
        """Returns whether it says nothing of the photograph."""
        return not any(self.fields(each) for each in self._descriptions())

    def bytes(self) -> bytes:
        """Returns the packet in UTF-8."""
        return self._tree.bytes()

    def _descriptions(self) -> Iterator[Element]:
        return (each for each in self._rdf if self.name(each) == (RDF, "Description"))

    def _spelled(self, element: Element, name: Name) -> str:
        prefix = next(key for key, uri in self._tree.scopes[element].items() if uri == name[0] and key)
        return f"{prefix}:{name[1]}"
