"""Programs that show how the lake is used."""
