"""The shell of somebody who works with AWS and with Kubernetes."""

SHELL_OF_THE_USER = {
    "AWS_CA_BUNDLE": "/nowhere/authorities.pem",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_PROFILE": "the-users-own",
    "AWS_REGION": "us-gov-west-1",
    "AWS_SESSION_TOKEN": "the-users-own",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "CDK_APP": "false",
    "ETCD_NAME": "the-users-own",
    "HELM_NAMESPACE": "the-users-own",
    "KUBECONFIG": "/nowhere/kubeconfig",
    "KUBERNETES_SERVICE_HOST": "127.0.0.1",
    "KUBERNETES_SERVICE_PORT": "9",
}
"""Any of these would lead a program elsewhere, or stop it."""
