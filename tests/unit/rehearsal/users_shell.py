"""The shell of somebody who works with AWS."""

AWS_OF_THE_USER = {
    "AWS_CA_BUNDLE": "/nowhere/authorities.pem",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_PROFILE": "the-users-own",
    "AWS_REGION": "us-gov-west-1",
    "AWS_SESSION_TOKEN": "the-users-own",
    "AWS_USE_FIPS_ENDPOINT": "true",
}
"""Any of these would lead an SDK elsewhere, or stop it."""
