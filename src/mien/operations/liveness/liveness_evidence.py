"""GetLivenessEvidence: what the confidence of a Face Liveness session follows from, which AWS does not tell."""

from mien.errors import SessionNotFoundError
from mien.operations.constraints import REQUIRED
from mien.operations.context import Caller, Context, Operation, Operations
from mien.operations.liveness.liveness_session import SessionId
from mien.operations.shapes import Shape


class GetLivenessEvidenceRequest(Shape):
    """The request of GetLivenessEvidence."""

    session_id: SessionId = REQUIRED


class EvidenceShape(Shape):
    """One piece of evidence: its name, its score from 0 to 1, and a sentence."""

    name: str
    score: float
    sentence: str


class GetLivenessEvidenceResponse(Shape):
    """The response of GetLivenessEvidence; the weakest evidence comes first."""

    session_id: str
    status: str
    evidence: list[EvidenceShape]


def get_liveness_evidence(
    context: Context, caller: Caller, request: GetLivenessEvidenceRequest
) -> GetLivenessEvidenceResponse:
    """Returns the evidence of a session, none before it ended and after it expired."""
    found = context.store.liveness.find(caller.account, request.session_id)
    if found is None:
        raise SessionNotFoundError
    evidence = found.result.evidence if found.result else ()
    return GetLivenessEvidenceResponse(
        session_id=request.session_id,
        status=found.status,
        evidence=[EvidenceShape(name=name, score=score, sentence=sentence) for name, score, sentence in evidence],
    )


OPERATIONS: Operations = {
    "GetLivenessEvidence": Operation(GetLivenessEvidenceRequest, get_liveness_evidence, reads=True)
}
