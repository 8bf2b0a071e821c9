//! Imports go down, and make no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::PLAN;
use super::source::{House, place, split};

/// A circle among `nodes`, if there is one.
fn circle<'a>(arrows: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Vec<&'a str>> {
    let mut left: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in arrows {
        left.entry(from).or_default().insert(to);
    }
    // Those that import nothing that is left cannot be in a circle.
    loop {
        let ends: BTreeSet<_> = left
            .values()
            .flatten()
            .filter(|to| !left.contains_key(**to))
            .copied()
            .collect();
        let before = left.len();
        for tos in left.values_mut() {
            tos.retain(|to| !ends.contains(to));
        }
        left.retain(|_, tos| !tos.is_empty());
        if left.len() == before && ends.is_empty() {
            break;
        }
    }
    let mut at = *left.keys().next()?;
    let mut way = vec![at];
    loop {
        at = left[at].first().copied()?;
        if let Some(start) = way.iter().position(|seen| *seen == at) {
            way.push(at);
            return Some(way.split_off(start));
        }
        way.push(at);
    }
}

#[test]
fn imports_make_no_circle() {
    let house = House::read();
    let mut found = String::new();
    let parents: BTreeSet<_> = house
        .modules
        .keys()
        .filter_map(|module| module.split_last())
        .map(|(_, parent)| parent.to_vec())
        .collect();
    for parent in parents {
        let arrows = house.arrows(&parent);
        let between = arrows.keys().copied().filter(|(_, to)| !to.is_empty());
        let Some(circle) = circle(between) else {
            continue;
        };
        let _ = writeln!(
            found,
            "in src/{}: {}",
            parent.join("/"),
            circle.join(" -> ")
        );
        for pair in circle.windows(2) {
            let _ = writeln!(found, "    {}", place(arrows[&(pair[0], pair[1])]));
        }
    }
    assert!(
        found.is_empty(),
        "Modules import each other in a circle. Move what they share below both:\n{found}"
    );
}

#[test]
fn imports_go_down() {
    let house = House::read();
    let mut found = String::new();
    for (part, modules) in PLAN.iter().filter(|(_, modules)| !modules.is_empty()) {
        let floor = |module: &str| modules.iter().position(|known| *known == module);
        for ((from, to), import) in house.arrows(&split(part)) {
            let up = match (floor(from), floor(to)) {
                _ if to.is_empty() => format!("{from} takes from {part} itself"),
                (Some(from_floor), Some(to_floor)) if to_floor > from_floor => continue,
                (Some(_), Some(_)) => format!("{from} -> {to} goes up"),
                _ => format!("{from} -> {to}: one of them is not in the plan"),
            };
            let _ = writeln!(found, "{part}: {up}: {}", place(import));
        }
    }
    assert!(found.is_empty(), "Imports go down:\n{found}");
}
