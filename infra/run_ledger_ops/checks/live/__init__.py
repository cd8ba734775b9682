"""The live check: what only a deployed system can show, each part by really doing it."""
