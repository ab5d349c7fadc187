"""A claim or a volume that is being deleted: it may be there for long, and no new pod gets it."""

from operations.explanation.reading import Reader
from operations.explanation.records import Kind, Link, Thing
from operations.finalizers import is_going, keep_volume_of, others_of


def explain_claim_deletion(reader: Reader, claim: Thing) -> None:
    """Add a break where the claim is being deleted."""
    if not is_going(claim):
        return
    others = ", ".join(others_of(claim))
    reader.add(
        Link.CLAIM,
        Kind.CLAIM_BEING_DELETED,
        what=f"claim {reader.namespace}/{reader.name} is being deleted; no new pod may use it",
        why=f"it waits for the finalizer {others}" if others else "it waits until no pod uses it any more",
        cure=keep_volume_of(claim)
        + (
            f"let what has set it finish; where that is gone, kubectl edit pvc {reader.name} "
            f"-n {reader.namespace} takes it out"
            if others
            else "end the pods that use it, and make the claim again; a deletion cannot be called back"
        ),
    )


def explain_volume_deletion(reader: Reader, volume: Thing) -> None:
    """Add a break where the volume of a claim is being deleted."""
    if not is_going(volume):
        return
    name, others = volume["metadata"]["name"], ", ".join(others_of(volume))
    reader.add(
        Link.VOLUME,
        Kind.VOLUME_BEING_DELETED,
        what=f"volume {name} is being deleted; it goes when its claim does",
        why="somebody has deleted the PersistentVolume; it waits for its claim"
        + (f", and for the finalizer {others}" if others else ""),
        cure="copy the data into another claim, or make a volume by hand for its path: a deletion cannot be "
        "called back. The data stays in the file system",
    )
