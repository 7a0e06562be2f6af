"""The parts of the admin page: people, API tokens, sign-ins."""
