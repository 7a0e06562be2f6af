"""The parts of the owners page: the lists, an owner's own page, and the forms on it."""
