"""What comes back: receipts of messages, and what people answer."""
