"""The operations centre's figures: how the house stands, and what waits for people."""
