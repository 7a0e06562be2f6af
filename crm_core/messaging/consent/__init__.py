"""What people said about being written to, and addresses that failed for good."""
