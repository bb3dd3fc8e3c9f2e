"""A face as a surface in space: brought nearer to the camera, turned a little, and lit by the colours of a screen.

A photograph becomes a surface by the mesh of its face; the head keeps the depth of the face's edge, and the ground is
far behind. Seen from nearer, the nose then grows more than the ears, and the light of the screen fades with the square
of the distance and with the angle at which it meets the skin. Lengths in space are mm; x right, y down, z away.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

EYES_MM = 63.0  # between the pupils
GROUND_MM = 1500.0  # from the face to what is behind it
PUPILS = (468, 473)  # in the mesh
LENS = 0.85  # focal length, in longer sides of the frame
GAMMA = 2.2
COARSE = 4  # pixels of a frame for one that is computed in space
MOST_EYES = 120.0  # pixels between the eyes that are kept of a photograph


@dataclass(frozen=True)
class View:
    """Where a face is seen: its middle in the frame, the eyes' distance in pixels, and its turn in degrees."""

    x: float
    y: float
    eyes: float
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True)
class Person:
    """A photograph of a face (uint8 BGR), its mesh in pixels of it (478, 3), and how far from the camera it was."""

    pixels: np.ndarray
    mesh: np.ndarray
    away: float = 600.0

    @cached_property
    def eyes(self) -> float:
        return float(np.linalg.norm(self.mesh[PUPILS[0], :2] - self.mesh[PUPILS[1], :2]))

    @cached_property
    def middle(self) -> np.ndarray:
        return (self.mesh[:, :2].min(axis=0) + self.mesh[:, :2].max(axis=0)) / 2

    @cached_property
    def relief(self) -> np.ndarray:
        """How far each pixel lies behind the middle of the face, as if the head went on to all sides; float32."""
        rows, columns = self.pixels.shape[:2]
        z = (self.mesh[:, 2] - np.median(self.mesh[:, 2])) * EYES_MM / self.eyes
        relief = np.full((rows, columns), float(np.percentile(z, 95)), np.float32)
        divider = cv2.Subdiv2D((-columns, -rows, 3 * columns, 3 * rows))
        places = {divider.insert((float(x), float(y))): number for number, (x, y) in enumerate(self.mesh[:468, :2])}
        for triangle in divider.getTriangleList().reshape(-1, 3, 2):
            corners = [places.get(divider.locate((float(x), float(y)))[2]) for x, y in triangle]
            if None not in corners:
                cv2.fillConvexPoly(relief, triangle.round().astype(np.int32), float(np.mean(z[corners])))
        return cv2.GaussianBlur(relief, (0, 0), 0.07 * self.eyes)

    @cached_property
    def body(self) -> np.ndarray:
        """1 where a pixel shows the person, 0 where it shows the ground; float32."""
        shown = np.zeros(self.pixels.shape[:2], np.float32)
        hull = cv2.convexHull(self.mesh[:, :2].astype(np.float32))[:, 0]
        head = self.middle + (hull - self.middle) * (1.3, 1.5) - (0, 0.4 * self.eyes)
        (x, bottom), unit = (self.middle[0], self.mesh[:, 1].max()), self.eyes
        neck = [
            (x - 0.7 * unit, bottom - unit),
            (x + 0.7 * unit, bottom - unit),
            (x + 2.4 * unit, bottom + 1.1 * unit),
            (x + 2.6 * unit, bottom + 9 * unit),
            (x - 2.6 * unit, bottom + 9 * unit),
            (x - 2.4 * unit, bottom + 1.1 * unit),
        ]
        for outline in (head, np.array(neck)):
            cv2.fillConvexPoly(shown, outline.astype(np.int32), 1.0)
        return cv2.GaussianBlur(shown, (0, 0), 0.07 * self.eyes)

    @cached_property
    def head(self) -> np.ndarray:
        """1 where a pixel shows the head, as it would be cut out for a mask; float32."""
        shown = np.zeros(self.pixels.shape[:2], np.float32)
        hull = cv2.convexHull(self.mesh[:, :2].astype(np.float32))[:, 0]
        head = self.middle + (hull - self.middle) * 1.12 - (0, 0.1 * self.eyes)
        cv2.fillConvexPoly(shown, head.astype(np.int32), 1.0)
        return cv2.GaussianBlur(shown, (0, 0), 1.0)

    @cached_property
    def depth(self) -> np.ndarray:
        """Millimetres behind the middle of the face, float32, of each pixel."""
        return self.relief * self.body + GROUND_MM * (1 - self.body) ** 2

    @cached_property
    def normals(self) -> np.ndarray:
        """Unit vectors, float32 (H, W, 3), out of the surface; towards the camera z is negative."""
        down, across = np.gradient(self.relief * self.eyes / EYES_MM)
        normals = np.dstack([across, down, -np.ones_like(across)])
        return np.asarray(normals / np.linalg.norm(normals, axis=2, keepdims=True), np.float32)


def framed(pixels: np.ndarray, mesh: np.ndarray, away: float, most: float = MOST_EYES) -> Person:
    """Returns a person whose photograph goes on, blurred, to all sides, so that the camera may see beyond it."""
    scale = min(1.0, most / float(np.linalg.norm(mesh[PUPILS[0], :2] - mesh[PUPILS[1], :2])))
    pixels, mesh = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), mesh * scale
    rows, columns = pixels.shape[:2]
    eyes = float(np.linalg.norm(mesh[PUPILS[0], :2] - mesh[PUPILS[1], :2]))
    sides = (int(0.75 * rows), int(0.75 * columns))
    whole = cv2.copyMakeBorder(pixels, sides[0], sides[0], sides[1], sides[1], cv2.BORDER_REFLECT_101)
    soft = cv2.resize(
        cv2.GaussianBlur(cv2.resize(whole, None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA), (0, 0), 0.12 * eyes),
        whole.shape[1::-1],
    )
    mask = np.zeros(whole.shape[:2], np.float32)
    rim = int(0.15 * eyes)
    mask[sides[0] + rim : sides[0] + rows - rim, sides[1] + rim : sides[1] + columns - rim] = 1
    mask = cv2.GaussianBlur(mask, (0, 0), 0.1 * eyes)[:, :, None]
    return Person((whole * mask + soft * (1 - mask)).astype(np.uint8), mesh + np.array([sides[1], sides[0], 0]), away)


@dataclass(frozen=True)
class Shot:
    """A frame before light falls on it, float32 BGR 0–255; places in space and normals of every COARSE-th pixel."""

    frame: np.ndarray
    places: np.ndarray
    normals: np.ndarray
    maps: tuple[np.ndarray, np.ndarray]  # where each pixel lies in the photograph

    def also(self, picture: np.ndarray) -> np.ndarray:
        """Returns what another picture in the place of the photograph would show, as `cv2.remap` does."""
        return cv2.remap(picture, *self.maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def shoot(person: Person, view: View, size: tuple[int, int], flat: bool = False) -> Shot:
    """Sees a person, or where `flat` the photograph itself, from another place.

    Args:
        size: width and height of the frame.
    """
    width, height = size
    focal = LENS * max(size)
    away = focal * EYES_MM / view.eyes
    ys, xs = np.mgrid[0:height:COARSE, 0:width:COARSE].astype(np.float32)
    turn = np.radians(view.roll)
    dx, dy = xs - view.x, ys - view.y
    dx, dy = np.cos(turn) * dx + np.sin(turn) * dy, np.cos(turn) * dy - np.sin(turn) * dx
    behind = np.zeros(xs.shape, np.float32)
    aside = np.tan(np.radians([view.yaw, view.pitch]))
    for _ in range(1 if flat else 7):
        scale = person.eyes / view.eyes * (away + behind) / away * person.away / (person.away + behind)
        x, y = person.middle[0] + scale * dx, person.middle[1] + scale * dy
        if flat:  # a tilted plane, seen in perspective
            tilt = 1 / (1 - (aside[0] * dx + aside[1] * dy) / focal)
            x, y = person.middle[0] + tilt * scale * dx, person.middle[1] + tilt * scale * dy
            behind = ((tilt - 1) * away).astype(np.float32)
        else:
            turned = np.clip(behind, -90, 90) * person.eyes / EYES_MM
            x, y = (x + aside[0] * turned).astype(np.float32), (y + aside[1] * turned).astype(np.float32)
            behind = cv2.remap(person.depth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    normals = np.broadcast_to(np.array([aside[0], aside[1], -1.0], np.float32), (*xs.shape, 3))
    if not flat:
        normals = cv2.remap(
            person.normals,
            x.astype(np.float32),
            y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    x, y = (_fine(each.astype(np.float32), size) for each in (x, y))
    frame = cv2.remap(person.pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101).astype(np.float32)
    far = away + behind
    places = np.dstack([(xs - width / 2) / focal * far, (ys - height / 2) / focal * far, far])
    return Shot(frame, places.astype(np.float32), np.ascontiguousarray(normals), (x, y))


def _fine(coarse: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns values at each pixel of a frame from those at every COARSE-th."""
    width, height = size
    place = np.array([[1 / COARSE, 0, 0], [0, 1 / COARSE, 0]])
    return cv2.warpAffine(
        coarse, place, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


@dataclass(frozen=True)
class Screen:
    """A screen in the plane of the camera, which sits in the middle of its upper edge.

    Attributes:
        width, height: in mm.
        strength: light of a white screen on a face 400 mm away, in shares of the light that is there anyhow.
    """

    width: float = 70.0
    height: float = 145.0
    strength: float = 0.25

    def light(self, shot: Shot, rows: np.ndarray) -> np.ndarray:
        """Returns the light on each pixel of a shot, (H, W, 3) BGR, in shares of what is there anyhow.

        Args:
            rows: the colours that the screen shows from top to bottom, float (N, 3) RGB 0–1.
        """
        places, normals = shot.places, shot.normals
        total = np.zeros((*places.shape[:2], 3), np.float32)
        for row, color in enumerate(rows):
            level = (row + 0.5) / len(rows) * self.height
            for column in (-0.33, 0.0, 0.33):
                way = np.array([column * self.width, level, 0], np.float32) - places
                square = (way**2).sum(axis=2)
                meets = np.clip((way * normals).sum(axis=2), 0, None) * -way[:, :, 2] / square**2
                total += meets[:, :, None] * color[::-1].astype(np.float32)
        total *= self.strength * 400**2 / (3 * len(rows))
        return cv2.resize(total, shot.frame.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def lit(frame: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Returns a frame (0–255, BGR) on which more light falls, in shares of what it was taken in."""
    brighter = np.clip(frame, 0, 255) * cv2.pow(1 + np.ascontiguousarray(light, np.float32), 1 / GAMMA)
    return np.minimum(brighter, 255)


def moved(person: Person, points: dict[int, np.ndarray], reach: float) -> Person:
    """Returns a person some points of whose mesh moved, (2,) pixels each, and the skin around them with them."""
    rows, columns = person.pixels.shape[:2]
    ys, xs = np.mgrid[0:rows:4, 0:columns:4].astype(np.float32)
    shift, weight = np.zeros((*xs.shape, 2), np.float32), np.ones(xs.shape, np.float32)
    mesh = person.mesh.copy()
    for number, by in points.items():
        x, y = person.mesh[number, :2] + by
        near = np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * reach**2))
        shift += near[:, :, None] * by.astype(np.float32)
        weight += near
        mesh[number, :2] += by
    shift /= np.maximum(weight - 1, 1.0)[:, :, None]
    shift = cv2.resize(shift, (columns, rows), interpolation=cv2.INTER_LINEAR)
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32)
    pixels = cv2.remap(person.pixels, xs - shift[:, :, 0], ys - shift[:, :, 1], cv2.INTER_LINEAR)
    other = replace(person, pixels=pixels, mesh=mesh)
    other.__dict__.update(relief=person.relief, body=person.body, depth=person.depth, normals=person.normals)
    return other
