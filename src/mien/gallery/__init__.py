"""Searches embeddings in memory, without knowledge of SQL."""

from mien.gallery.base import Gallery, Hits, Originals
from mien.gallery.exact import ExactGallery
from mien.gallery.growing import GrowingGallery, Scanners

__all__ = ["ExactGallery", "Gallery", "GrowingGallery", "Hits", "Originals", "Scanners"]
