"""The feedback page in parts: queue, list, a case, figures, owners, intake, settings."""
