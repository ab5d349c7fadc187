"""IAM and STS: policies that are evaluated, and roles that are granted only to those whom they trust."""
