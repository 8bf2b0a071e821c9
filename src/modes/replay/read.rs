//! Opening and reading of logs, of whatever kind.

pub(super) mod blocks;
pub(super) mod defects;
pub(super) mod filter;
pub(super) mod line_ends;
pub(super) mod log;
pub(super) mod prefilter;
pub(super) mod readahead;
pub(super) mod tape;
pub(super) mod time_range;
pub(super) mod watch;
