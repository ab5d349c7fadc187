"""No test sees an account or a cluster of whoever runs it: many shells have a profile or a kubeconfig."""

import os

from rehearsal.children import clean_environment

# At once: some modules of tests make clients when they are imported.
for _name in os.environ.keys() - clean_environment().keys():
    del os.environ[_name]
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
