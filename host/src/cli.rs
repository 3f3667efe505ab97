//! Arguments as the user typed them.
