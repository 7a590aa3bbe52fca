"""One question a folder, with its public functions at the front; none knows another but `flows`."""
