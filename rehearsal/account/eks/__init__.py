"""Amazon EKS: who reaches a cluster, what it is made to change, its add-ons, and the identity of its pods.

`access_entries`, `addons` and `pod_identity` say what there is; `access_api`, `addon_api` and
`pod_identity_api` are the calls about it. `cluster_tokens` and `cluster_identity` tell the API server who
the bearer of an AWS token is.
"""
