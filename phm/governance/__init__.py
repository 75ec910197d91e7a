"""What may leave, who took it, and how identifiers are kept apart. Stands beside the layers and imports only errors."""
