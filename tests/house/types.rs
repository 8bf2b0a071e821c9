//! One word, one type: no public name has two homes, and each word of the glossary is the type that it names.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use syn::visit::{self, Visit};

use super::source::{flatten, is_of_tests, parsed_files, root};

/// The types that the code defines, without those of tests.
#[derive(Default)]
struct Types {
    file: PathBuf,
    /// By name: where a type is defined, and whether other modules see it.
    homes: BTreeMap<String, Vec<(String, bool)>>,
}

impl Types {
    fn read() -> BTreeMap<String, Vec<(String, bool)>> {
        let mut types = Types::default();
        for (file, parsed) in parsed_files() {
            types.file = file;
            types.visit_file(&parsed);
        }
        types.homes
    }

    fn define(&mut self, name: &syn::Ident, visibility: &syn::Visibility) {
        let place = format!("{}:{}", self.file.display(), name.span().start().line);
        let public = !matches!(visibility, syn::Visibility::Inherited);
        let homes = self.homes.entry(name.to_string()).or_default();
        homes.push((place, public));
    }
}

impl<'ast> Visit<'ast> for Types {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Mod(item) if is_of_tests(&item.attrs) => return,
            syn::Item::Struct(item) => self.define(&item.ident, &item.vis),
            syn::Item::Enum(item) => self.define(&item.ident, &item.vis),
            syn::Item::Trait(item) => self.define(&item.ident, &item.vis),
            syn::Item::Type(item) => self.define(&item.ident, &item.vis),
            syn::Item::Macro(item) if item.mac.path.is_ident("macro_rules") => {
                let mut tokens = Vec::new();
                flatten(item.mac.tokens.clone(), &mut tokens);
                let words = tokens.iter().map(ToString::to_string).collect::<Vec<_>>();
                for at in 1..words.len() {
                    if let (true, proc_macro2::TokenTree::Ident(name)) = (
                        ["enum", "struct"].contains(&words[at - 1].as_str()),
                        &tokens[at],
                    ) {
                        let public = syn::Visibility::Public(syn::token::Pub::default());
                        self.define(name, &public);
                    }
                }
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }
}

#[test]
fn a_public_type_has_one_home() {
    let mut found = String::new();
    for (name, homes) in Types::read() {
        if homes.iter().filter(|(_, public)| *public).count() > 1 {
            let places: Vec<_> = homes
                .into_iter()
                .filter(|(_, public)| *public)
                .map(|(place, _)| place)
                .collect();
            let _ = writeln!(found, "{name}: {}", places.join(" "));
        }
    }
    assert!(
        found.is_empty(),
        "One word, one thing. Rename all but one of:\n{found}"
    );
}

#[test]
fn a_word_of_the_glossary_is_one_type() {
    let types = Types::read();
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let (_, glossary) = page.split_once("## Glossary").expect("a glossary");
    let (mut found, mut words) = (String::new(), 0);
    for row in glossary.lines().filter(|line| line.starts_with('|')) {
        let last = row
            .trim_end_matches('|')
            .rsplit('|')
            .next()
            .unwrap_or_default();
        for path in last.split('`').skip(1).step_by(2) {
            let name = path.rsplit("::").next().unwrap_or(path);
            if !name.starts_with(char::is_uppercase) {
                continue;
            }
            words += 1;
            let homes = types.get(name).map(Vec::as_slice).unwrap_or_default();
            let module = path.rsplit("::").nth(1).unwrap_or_default();
            if homes.len() != 1 || !homes[0].0.contains(module) {
                let _ = writeln!(found, "{path}: {homes:?}");
            }
        }
    }
    assert!(words > 10, "no glossary is found");
    assert!(
        found.is_empty(),
        "Words of the glossary that are not one type at their place:\n{found}"
    );
}
