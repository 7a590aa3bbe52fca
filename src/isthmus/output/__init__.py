"""What people read: reports, maps and charts, made from tidy frames alone."""
