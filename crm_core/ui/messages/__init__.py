"""The parts of the messages page, and of the tab Messages of a patient or an owner."""
