"""Parts that several pages are made of: cards, tables, exports, messages."""
