"""What we tell other systems: events, signed, sent again until they are taken, replayable."""
