"""How each entity is kept: its keys, to an item and from one."""
