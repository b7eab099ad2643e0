"""The parts of the page, one a file: `gather(record)` turns a record into what the template shows, None if absent."""
