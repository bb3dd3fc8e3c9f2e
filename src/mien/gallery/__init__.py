"""Search over embeddings in memory; knows nothing of SQL."""

from mien.gallery.base import Gallery, Hits
from mien.gallery.exact import ExactGallery

__all__ = ["ExactGallery", "Gallery", "Hits"]
