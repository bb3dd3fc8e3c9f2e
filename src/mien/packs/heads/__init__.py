"""Heads: one file for each output layout of a detection network, and a row of `HEADS` for each file."""

from mien.face.detect import Head
from mien.packs.heads import scrfd, yunet

HEADS: dict[str, Head] = {"scrfd": scrfd.read, "yunet": yunet.read}
