//! What `?` says.

/// The keys, in lines that fit a narrow terminal.
pub const KEYS: &[&str] = &[
    "  space      pause, and go on",
    "  .  ,       one event on, one back",
    "  Right Left 5 s on, 5 s back",
    "  Up    Down 1 min on, 1 min back",
    "  Shift-Right, -Left  a tenth of the log",
    "  0 to 9     to that tenth of the log",
    "  Home End   to the beginning, the end",
    "  +  -       faster, slower",
    "  /          find (Enter, or Escape)",
    "  n  N       next hit, previous hit",
    "  t          times on, off",
    "  q          end",
];
