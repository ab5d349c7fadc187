"""`airflow-efs prove`: write in one zone, read in every other, in the real cluster, and clean up.

`script` is what runs in the pods, `pods` their manifests, `proof` the run from leftovers to clean-up,
`verdict` what the pods' words mean, `report` the result.
"""
