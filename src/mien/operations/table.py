"""Lists every operation of the API by its name: AWS's, and those that mien adds under a target of its own.

No name is in both, so an access key's patterns, the log and the metrics need no prefix.
"""

from mien.operations import (
    analyze,
    collection,
    face,
    kept_portraits,
    photograph,
    search,
    tag,
    user,
)
from mien.operations.context import Operations
from mien.operations.liveness import liveness_evidence, liveness_session, living_faces
from mien.operations.people import judging_people, people_in_image, person, person_changes, person_groups, suggesting
from mien.operations.video import face_detection, face_search, job_list

OPERATIONS: Operations = {
    **analyze.OPERATIONS,
    **collection.OPERATIONS,
    **face.OPERATIONS,
    **face_detection.OPERATIONS,
    **face_search.OPERATIONS,
    **liveness_session.OPERATIONS,
    **search.OPERATIONS,
    **tag.OPERATIONS,
    **user.OPERATIONS,
}
EXTENSIONS: Operations = {
    **judging_people.OPERATIONS,
    **people_in_image.OPERATIONS,
    **kept_portraits.OPERATIONS,
    **living_faces.OPERATIONS,
    **person.OPERATIONS,
    **person_changes.OPERATIONS,
    **person_groups.OPERATIONS,
    **suggesting.OPERATIONS,
    **photograph.OPERATIONS,
    **liveness_evidence.OPERATIONS,
    **job_list.OPERATIONS,
}
EVERY: Operations = OPERATIONS | EXTENSIONS
STREAMED = ("StartFaceLivenessSession",)  # over a WebSocket, not as a call
SERVICES = {"RekognitionService": OPERATIONS, "Mien": EXTENSIONS}  # by what a target header begins with
