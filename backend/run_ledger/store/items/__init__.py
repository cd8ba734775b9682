"""The item of each entity: its keys, and the conversion to an item and from one."""
