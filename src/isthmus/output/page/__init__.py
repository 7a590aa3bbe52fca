"""What every page is made of: colours, charts, tables, and the document that stands alone."""
