"""DetectLivingFaces: how likely the faces of an image are living ones, and no prints or screens."""

from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.image_faces import find_faces
from mien.operations.liveness.living_bar import likelihoods
from mien.operations.present import face_detail
from mien.operations.shapes import FaceDetail, Image, Shape, single


class DetectLivingFacesRequest(Shape):
    """The request of DetectLivingFaces."""

    image: Image = REQUIRED


class LivingFace(Shape):
    """A face, and how likely it is a living one, 0–100, or the reasons why that cannot be told."""

    face_detail: FaceDetail
    reasons: list[str]
    living_confidence: float | None = None


class DetectLivingFacesResponse(Shape):
    """The response of DetectLivingFaces."""

    faces: list[LivingFace]


def detect_living_faces(
    context: Context, caller: Caller, request: DetectLivingFacesRequest
) -> DetectLivingFacesResponse:
    """Returns up to 100 faces, the largest first, each with its likelihood; an image without faces is no error."""
    found = find_faces(context, caller, request.image, embedded=False)
    judged = zip(found.faces, likelihoods(context, found.data, found.faces), strict=True)
    return DetectLivingFacesResponse(
        faces=[
            LivingFace(
                face_detail=face_detail(face, found.picture),
                reasons=list(each.reasons),
                living_confidence=None if each.confidence is None else single(each.confidence),
            )
            for face, each in judged
        ]
    )


OPERATIONS: Operations = {"DetectLivingFaces": Operation(DetectLivingFacesRequest, detect_living_faces)}
