"""One question a file: each module has one public function that returns tidy tables."""
