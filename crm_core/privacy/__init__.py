"""The data-subject desk: what is held about a patient, and breaches of data with their clock."""
