"""How a claim reaches its data, link by link, and what is wrong at the link where it breaks.

`explain` reads what there is, however far the chain goes, and names each break with its reason and its cure:
from the links themselves where they can be read, from the events' words where only the driver knows.
"""

from operations.explanation.chain import explain
from operations.explanation.mount import mount_of
from operations.explanation.records import Break, Explanation, Kind, Link, Mount, Pod

__all__ = ["Break", "Explanation", "Kind", "Link", "Mount", "Pod", "explain", "mount_of"]
