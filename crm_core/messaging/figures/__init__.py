"""How messages fare: by the hour and provider, in all, and what state each channel is in."""
