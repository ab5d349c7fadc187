"""A release of the delivery pipeline, run on this machine.

The pipeline and its builds are read from the emulated account, as they are deployed there; the source is a
revision of a git repository. What is as on AWS and what is not: docs/rehearsal.md.
"""
