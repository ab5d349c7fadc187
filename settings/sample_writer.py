"""A pod that writes to a claim, to see it work."""

from typing import Annotated

from pydantic import Field

from settings.kubernetes import LabelName, Namespace, ObjectName
from settings.section import Form, Section
from settings.versions import SAMPLE_WRITER_IMAGE


class SampleWriter(Section):
    """A pod that appends the date to /data/out1 of a claim every five seconds."""

    claim: ObjectName = Field(
        description="Name of one of this file's claims or volumes.", examples=["efs-claim-1"]
    )
    namespace: Namespace = Field(default="default", description="Namespace of that claim.")
    name: LabelName = Field(default="efs-app-1", description="Name of the Deployment.")
    image: Annotated[
        str,
        Form(
            r"[A-Za-z0-9][A-Za-z0-9._:@/-]*",
            "is not the name of an image",
            "write REGISTRY/NAME:TAG, of an image with a shell",
            max_length=512,
        ),
    ] = Field(default=SAMPLE_WRITER_IMAGE, description="Its image; it needs a shell.")
