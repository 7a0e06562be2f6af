"""Sample data: files that say what, and a loader that lets the services do it."""
