"""Reads XML into a tree that is written as its program wrote it: prefixes, attributes and comments stay.

The parser is expat without its namespace step; names are resolved beside the tree. A document type is refused before
any entity of it is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Comment, Element, ProcessingInstruction, TreeBuilder, tostring
from xml.parsers import expat

MOST_BYTES = 32 << 20  # of a sidecar; Lightroom's with masks have a few million
MOST_DEEP = 100  # elements within each other; XMP has about ten
Name = tuple[str, str]  # namespace and local name
Scope = Mapping[str, str]  # prefix → namespace; the empty prefix is the default


class XmpError(Exception):
    """A packet is no XMP, or is refused; the text says why."""


@dataclass(frozen=True, slots=True)
class Tree:
    """An XML document.

    Attributes:
        root: its root.
        scopes: the namespaces that hold at each element.
        before: comments and processing instructions before the root.
        after: those behind it.
        declared: whether it began with an XML declaration.
    """

    root: Element
    scopes: dict[Element, Scope]
    before: list[Any]
    after: list[Any]
    declared: bool

    def name(self, element: Element) -> Name:
        """Returns the resolved name of an element; empty for a comment."""
        tag: object = element.tag  # a function for a comment, which the types leave out
        return self.resolve(element, tag) if isinstance(tag, str) else ("", "")

    def resolve(self, element: Element, written: str) -> Name:
        """Returns the resolved name of an element or an attribute."""
        prefix, colon, local = written.partition(":")
        return self.scopes[element].get(prefix if colon else "", ""), local if colon else written

    def bytes(self) -> bytes:
        """Returns the document in UTF-8."""
        parts = ['<?xml version="1.0" encoding="UTF-8"?>'] if self.declared else []
        parts += [tostring(each, "unicode") for each in (*self.before, self.root, *self.after)]
        # expat turns a raw carriage return into a line feed: one that is left came from a reference, and stays one
        return ("\n".join(parts) + "\n").replace("\r", "&#13;").encode("utf-8", "replace")


def read(data: bytes) -> Tree:
    """Reads an XML document.

    Raises:
        XmpError: it is none, too large or too deep, or has a document type.
    """
    if len(data) > MOST_BYTES:
        raise XmpError(f"it is larger than {MOST_BYTES >> 20} MiB")
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:  # an encoding may not be known
        raise XmpError(f"it is no XML: {error}") from None
    return Tree(reader.roots[0], reader.scopes, reader.before, reader.after, reader.declared)


class _Reader:
    """Builds a tree from what expat reports."""

    def __init__(self) -> None:
        self.roots: list[Element] = []
        self.scopes: dict[Element, Scope] = {}
        self.before: list[Any] = []
        self.after: list[Any] = []
        self.declared = False
        self._builder = TreeBuilder(insert_comments=True, insert_pis=True)
        self._open: list[Scope] = [{"xml": "http://www.w3.org/XML/1998/namespace"}]
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.XmlDeclHandler = self._declare
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._builder.data
        self.parser.CommentHandler = self._comment
        self.parser.ProcessingInstructionHandler = self._instruction

    def _declare(self, *_: object) -> None:
        self.declared = True

    def _refuse(self, *_: object) -> None:
        raise XmpError("it has a document type, which XMP never has, and which can define entities without end")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        scope = self._open[-1]
        own = {key.partition(":")[2]: uri for key, uri in attributes.items() if key.partition(":")[0] == "xmlns"}
        if own:
            scope = {**scope, **own}
        element = self._builder.start(tag, attributes)
        self._open.append(scope)
        self.scopes[element] = scope
        if not self.roots:
            self.roots.append(element)
        if len(self._open) > MOST_DEEP:
            raise XmpError(f"its elements lie more than {MOST_DEEP} deep")

    def _end(self, tag: str) -> None:
        self._builder.end(tag)
        self._open.pop()

    def _comment(self, text: str) -> None:
        if len(self._open) > 1:
            self._builder.comment(text)
        else:
            (self.after if self.roots else self.before).append(Comment(text))

    def _instruction(self, target: str, text: str) -> None:
        if len(self._open) > 1:
            self._builder.pi(target, text)
        else:
            (self.after if self.roots else self.before).append(ProcessingInstruction(target, text))
