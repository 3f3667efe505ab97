//! playlist_file.
