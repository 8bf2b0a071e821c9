//! How what was said is drawn.
