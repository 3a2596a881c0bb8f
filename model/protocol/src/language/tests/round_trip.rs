//! Printing and parsing.
