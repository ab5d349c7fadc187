"""Reusable CDK constructs: a shared EFS file system and its CSI driver for an EKS cluster that exists.

One construct a module. They know nothing of this project's settings: everything comes as typed props.
"""
