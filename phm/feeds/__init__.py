"""Getting data in: delivered files, held against their contracts."""
