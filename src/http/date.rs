//! The `Date` of an answer.

use std::cell::RefCell;

use crate::event::Stamp;

thread_local! {
    /// The second of the last call, and its text.
    static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// Calls `then` with the current time in HTTP's format, which is formatted once a second.
pub fn now<T>(then: impl FnOnce(&str) -> T) -> T {
    at(Stamp::now(), then)
}

fn at<T>(now: Stamp, then: impl FnOnce(&str) -> T) -> T {
    LAST.with_borrow_mut(|(second, text)| {
        let this = now.micros().div_euclid(1_000_000);
        if *second != this {
            (*second, *text) = (this, now.http());
        }
        then(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_own() {
        let told = |micros| at(Stamp::from_micros(micros), str::to_string);
        assert_eq!(told(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(told(999_999), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(told(1_000_000), "Thu, 01 Jan 1970 00:00:01 GMT");
        assert_eq!(told(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
        assert_eq!(told(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
