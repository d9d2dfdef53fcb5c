"""Pages and fragments of the desk, of network plans and of proposals."""
