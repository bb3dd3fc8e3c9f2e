"""Adapters that find and embed faces with mien and its peers, each used as its documentation recommends.

Imported by `face_worker.py` in a peer's own virtual environment; libraries are imported where they are used.
"""

import os
import shutil
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psutil

Seen = list[tuple[tuple[float, float, float, float], np.ndarray]]  # boxes x1, y1, x2, y2 in pixels, and embeddings


class Peer(Protocol):
    """A library or a server."""

    def look(self, photo: Path) -> Seen: ...

    def resident(self) -> int: ...


class InProcess:
    """The base of libraries that run in this process."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.prepare()

    def prepare(self) -> None: ...

    def resident(self) -> int:
        return psutil.Process().memory_info().rss


class Mien(InProcess):
    """The library, in this process. Arguments: the pack."""

    def prepare(self) -> None:
        from mien import app, config

        self.pipeline = app.open_pack(config.load({"pack": self.arguments[0]}, os.environ)).pipeline

    def look(self, photo: Path) -> Seen:
        from mien.image.decode import read_header

        faces = self.pipeline.find(read_header(photo.read_bytes()))
        boxes = [(face.box.x1, face.box.y1, face.box.x2, face.box.y2) for face in faces]
        return list(zip(boxes, self.pipeline.embed(faces), strict=True))


class MienServer:
    """The server over HTTP on loopback: SearchFacesByImage in a collection of one face. Arguments: the pack."""

    def __init__(self, pack: str) -> None:
        from mien import config
        from mien.measure.speed.server_process import ServerProcess

        self._server = ServerProcess(config.load({"pack": pack}, os.environ)).__enter__()
        self._local = threading.local()
        self._bodies: dict[Path, bytes] = {}

    def look(self, photo: Path) -> Seen:
        if photo not in self._bodies:
            self._bodies[photo] = self._body(photo)
        self._client().call("SearchFacesByImage", self._bodies[photo])
        return []

    def resident(self) -> int:
        return int(self._server.resident() * 1e6)

    def close(self) -> None:
        self._server.__exit__(None, None, None)

    def _body(self, photo: Path) -> bytes:
        """Indexes the photograph's face, and returns the body of the search."""
        from mien.measure.speed.http_client import bodies

        data, name = photo.read_bytes(), photo.stem
        self._client().call("CreateCollection", b'{"CollectionId": "%s"}' % name.encode())
        self._client().call("IndexFaces", bodies("IndexFaces", data, name).whole())
        return bodies("SearchFacesByImage", data, name).whole()

    def _client(self) -> Any:
        from mien.measure.speed.http_client import Client

        if not hasattr(self._local, "client"):
            self._local.client = Client(self._server.host, self._server.port)
        return self._local.client


class FaceRecognition(InProcess):
    """`face_recognition`: dlib's HOG detector, its five points and its ResNet."""

    def look(self, photo: Path) -> Seen:
        import face_recognition

        image = face_recognition.load_image_file(photo)
        found = face_recognition.face_locations(image)
        vectors = face_recognition.face_encodings(image, found)
        return [((left, top, right, bottom), vector)
                for (top, right, bottom, left), vector in zip(found, vectors, strict=True)]  # fmt: skip


class DeepFace(InProcess):
    """`deepface` with its Dlib model. Arguments: the detector."""

    def prepare(self) -> None:
        import face_recognition_models as models

        weights = (
            Path(os.environ["DEEPFACE_HOME"]) / ".deepface" / "weights"
        )  # where deepface looks before it downloads
        weights.mkdir(parents=True, exist_ok=True)
        shutil.copy(models.face_recognition_model_location(), weights)
        shutil.copy(models.pose_predictor_five_point_model_location(), weights)

    def look(self, photo: Path) -> Seen:
        from deepface import DeepFace as Library

        (detector,) = self.arguments
        try:
            found = Library.represent(str(photo), model_name="Dlib", detector_backend=detector)
        except ValueError:  # no face
            return []
        areas = [each["facial_area"] for each in found]
        boxes = [(area["x"], area["y"], area["x"] + area["w"], area["y"] + area["h"]) for area in areas]
        return [(box, np.array(each["embedding"])) for box, each in zip(boxes, found, strict=True)]


class OpenCv(InProcess):
    """OpenCV's own YuNet and the embedder of `retail` in OpenVINO, in as few lines. Arguments: the two networks."""

    SIDE = 640  # the longer side of what faces are looked for in
    POINTS = ((0.31556875, 0.46157411), (0.68262292, 0.46157411), (0.50026250, 0.64050536),
              (0.34947187, 0.82469196), (0.65343646, 0.82469196))  # fmt: skip

    def prepare(self) -> None:
        import cv2
        import openvino

        detector, embedder = self.arguments
        self.detector = cv2.FaceDetectorYN.create(detector, "", (self.SIDE, self.SIDE), 0.6)
        self.network = openvino.Core().compile_model(embedder, "CPU")

    def look(self, photo: Path) -> Seen:
        import cv2

        image = cv2.imread(str(photo))
        scale = min(1, self.SIDE / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        self.detector.setInputSize((small.shape[1], small.shape[0]))
        found = self.detector.detect(small)[1]
        rows = [] if found is None else found / scale
        return [((x, y, x + w, y + h), self._embed(image, points)) for x, y, w, h, *points in rows]

    def _embed(self, image: np.ndarray, points: list[float]) -> np.ndarray:
        import cv2

        source = np.array(points[:10], np.float32).reshape(5, 2)
        matrix = cv2.estimateAffinePartial2D(source, 128 * np.array(self.POINTS, np.float32), method=cv2.LMEDS)[0]
        crop = cv2.warpAffine(image, matrix, (128, 128))
        return np.asarray(self.network(crop.transpose(2, 0, 1)[None].astype(np.float32))[0]).ravel()


class InsightFace(InProcess):
    """`insightface` with a pack of the user's. Arguments: the folder ROOT/models/NAME."""

    def prepare(self) -> None:
        from insightface.app import FaceAnalysis

        folder = Path(self.arguments[0])
        self.app = FaceAnalysis(folder.name, root=str(folder.parents[1]), allowed_modules=["detection", "recognition"])
        self.app.prepare(ctx_id=-1)

    def look(self, photo: Path) -> Seen:
        import cv2

        return [(tuple(face.bbox), face.embedding) for face in self.app.get(cv2.imread(str(photo)))]


KINDS = {kind.__name__: kind for kind in (Mien, MienServer, FaceRecognition, DeepFace, OpenCv, InsightFace)}
