"""Keeps collections, faces, users, tags and embeddings in SQL."""
