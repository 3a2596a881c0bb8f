//! What instructions compute.
