//! The text of the key `?`.

/// The keys, in lines that fit a narrow terminal.
const KEYS: [&str; 12] = [
    "  space      pause, resume",
    "  .  ,       one event on, back",
    "  Right Left 5 s on, back",
    "  Up    Down 1 min on, back",
    "  Shift-Right, -Left  a tenth of the log",
    "  0 to 9     to that tenth of the log",
    "  Home End   to the beginning, the end",
    "  +  -       faster, slower",
    "  /          find (Enter, or Escape)",
    "  n  N       next match, previous one",
    "  t          times on, off",
    "  q          quit",
];

/// The width of the left column.
const LEFT: usize = 41;

/// The keys for a terminal of that size: in two columns if it is low and wide. 0 rows are unknown.
pub(super) fn keys(rows: usize, columns: usize) -> Vec<String> {
    let (left, right) = KEYS.split_at(KEYS.len() / 2);
    if (1..=KEYS.len()).contains(&rows) && columns >= 2 * LEFT - 2 {
        let pairs = left.iter().zip(right);
        pairs.map(|(a, b)| format!("{a:LEFT$}{b}")).collect()
    } else {
        KEYS.map(String::from).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_are_on_a_low_terminal_that_is_wide_enough() {
        let low = keys(8, 80);
        assert!(low.len() < 8 && low.iter().all(|line| line.len() < 80));
        let all = low.join("\n");
        assert!(KEYS.iter().all(|key| all.contains(key)), "{all}");
        for (rows, columns) in [(24, 80), (8, 60), (0, 80)] {
            assert_eq!(keys(rows, columns), KEYS);
        }
    }
}
