"""Jobs of AWS's services: events and a look at recent jobs become job updates on the bus."""
