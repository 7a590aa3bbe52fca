"""Maps: the ground, links, places and names, drawn as SVG."""
