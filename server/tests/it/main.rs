//! Scenarios through the server's own door, one binary for all of them.
