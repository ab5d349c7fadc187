"""Lambda: functions that run for real, the AWS CLI that their code calls, and what may go wrong in them."""
