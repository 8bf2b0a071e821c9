//! The scenarios, one per file. Each runs its rounds, keeps them in the report, and publishes its table.

pub mod catch_up;
pub mod console;
pub mod crowd;
pub mod disturbed;
pub mod fanout;
pub mod growth;
pub mod posting;
