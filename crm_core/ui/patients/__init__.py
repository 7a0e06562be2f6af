"""The parts of the patients page: the list, registration, and a patient's own page."""
