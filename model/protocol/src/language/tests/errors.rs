//! Every kind of error, with its exact place.
