//! An index of names by their looks: finding similar names takes no comparison with all others.

use std::collections::HashMap;

use super::Name;

/// Finds the names that a name could be mistaken for, however many there are.
#[derive(Debug)]
pub struct Alike<T> {
    by_look: HashMap<Box<str>, Vec<T>>,
}

impl<T> Default for Alike<T> {
    fn default() -> Alike<T> {
        Alike {
            by_look: HashMap::new(),
        }
    }
}

impl<T: Copy + PartialEq> Alike<T> {
    /// Adds a name and its owner.
    pub fn insert(&mut self, name: &Name, whose: T) {
        for look in name.looks() {
            self.by_look.entry(look.into()).or_default().push(whose);
        }
    }

    /// Removes a name of this owner.
    pub fn remove(&mut self, name: &Name, whose: T) {
        for look in name.looks() {
            if let Some(all) = self.by_look.get_mut(look) {
                all.retain(|other| *other != whose);
                if all.is_empty() {
                    self.by_look.remove(look);
                }
            }
        }
    }

    /// The owners of names that are the same as this one, or could be mistaken for it.
    pub fn find(&self, name: &Name) -> impl Iterator<Item = T> {
        let looks = name.looks();
        looks
            .filter_map(|look| self.by_look.get(look))
            .flatten()
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text, 64).expect("a name")
    }

    /// The index finds exactly what a comparison with each name finds.
    #[test]
    fn the_names_that_one_could_be_mistaken_for_are_found() {
        let all = [
            "bob", "B0B", "b0b", "Bob", "ann", "MiII", "Mill", "miii", "Zoë", "zoe", "аnn", "O",
            "0", "rnike", "mike", "Mike", "uthira", "ឧ", "ı", "i", "I", "l", "1",
        ];
        let names: Vec<Name> = all.iter().map(|text| name(text)).collect();
        let mut alike = Alike::default();
        for (number, name) in names.iter().enumerate() {
            alike.insert(name, number);
        }
        let mut pairs = 0;
        for one in &names {
            let mut found: Vec<usize> = alike.find(one).collect();
            found.sort_unstable();
            found.dedup();
            let compared = names.iter().enumerate();
            let compared = compared.filter(|(_, other)| one.is_confusable_with(other));
            let compared: Vec<usize> = compared.map(|(number, _)| number).collect();
            assert_eq!(found, compared, "{one}");
            let same = names
                .iter()
                .enumerate()
                .filter(|(_, other)| one.is_same(other));
            assert!(same.map(|(number, _)| number).all(|n| found.contains(&n)));
            pairs += found.len();
        }
        assert!(pairs > names.len() + 10, "{pairs}: some are alike");
        for (number, name) in names.iter().enumerate() {
            alike.remove(name, number);
            assert!(!alike.find(name).any(|other| other == number), "{name}");
        }
        assert!(alike.by_look.is_empty());
    }
}
