"""A claim that names its volume: Kubernetes waits for that one, and the driver makes none."""

from operations.explanation.reading import Reader
from operations.explanation.records import Kind, Link, Thing

_SET_FREE = '-p \'[{"op":"remove","path":"/spec/claimRef/uid"}]\''


def explain_named_volume(reader: Reader, claim: Thing) -> bool:
    """Add a break where the volume that a waiting claim names cannot be its own; whether there was one."""
    name = claim["spec"].get("volumeName")
    if not name:
        return False
    volume = reader.get(reader.core.read_persistent_volume, name)
    if volume is None:
        reader.add(
            Link.VOLUME,
            Kind.VOLUME_MISSING,
            what=f"the claim names the volume {name}, which is not there",
            why="it was never made, or somebody has deleted it; for a claim that names a volume none is made",
            cure=f"make the volume {name}, or the claim again without volumeName; "
            "kubectl get pv shows what there is",
        )
        return True
    owner = volume["spec"].get("claimRef") or {}
    if owner.get("uid") in (None, claim["metadata"].get("uid")):
        return False
    of = (owner.get("namespace"), owner.get("name"))
    former = of == (reader.namespace, reader.name)
    reader.add(
        Link.VOLUME,
        Kind.VOLUME_TAKEN,
        what=f"the claim names the volume {name}, which is kept for "
        + ("a former claim of this name" if former else f"claim {of[0]}/{of[1]}"),
        why="a volume belongs to one claim, also once that claim is gone",
        cure=f"kubectl patch pv {name} --type json {_SET_FREE} gives it to this claim"
        if former
        else "name another volume, or make the claim again without volumeName",
    )
    return True
