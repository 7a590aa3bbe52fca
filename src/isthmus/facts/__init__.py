"""Facts: the data package as read, who says so, and how it was on a day."""
