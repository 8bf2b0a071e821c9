//! The plan of the source: which module imports which, read from the code, and drawn in ARCHITECTURE.md.
//!
//! [`PLAN`] lists the modules directly below the server, the window and the player from top to bottom: imports go
//! down. Inside every module its children import each other without a circle. `CHATROOM_RENEW=1` writes the drawing anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// A module's path below the crate: `["modes", "server", "room"]`.
type Module = Vec<String>;

/// The parts that are drawn, and the modules of each from top to bottom.
const PLAN: &[(&str, &[&str])] = &[
    (
        "modes::server",
        &[
            "startup", "api", "commit", "fanout", "room", "console", "machine",
        ],
    ),
    (
        "modes::gui",
        &[
            "run",
            "window",
            "model",
            "transcript",
            "link",
            "keep",
            "rooms",
            "desktop",
            "theme",
            "talk",
            "text",
        ],
    ),
    (
        "modes::replay",
        &[
            "fuzzing",
            "scrollback",
            "play",
            "print",
            "stats",
            "plot",
            "into",
            "convert",
            "verify",
            "tally",
            "printout",
            "painter",
            "progress",
            "read",
            "formats",
            "portions",
            "gzip",
            "locale",
            "wording",
        ],
    ),
    ("", &[]),
];

/// The package's folder, which cargo names.
fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .expect("run by cargo")
}

/// One import: the importing file and line, the importing module, and the module that has what is imported.
#[derive(Clone, Debug)]
struct Import {
    file: PathBuf,
    line: usize,
    from: Module,
    to: Module,
    /// The imported path as it is written.
    written: String,
}

/// The modules of `src` and the imports between them, without the code of tests.
struct House {
    modules: BTreeMap<Module, PathBuf>,
    imports: Vec<Import>,
}

impl House {
    fn read() -> House {
        let source = root().join("src");
        let mut modules = BTreeMap::new();
        gather(&source, &mut Vec::new(), &mut modules);
        let mut imports = Vec::new();
        let mut tests = BTreeSet::new();
        for (module, file) in &modules {
            let text = std::fs::read_to_string(file).expect("a source file");
            let parsed = syn::parse_file(&text).expect("Rust");
            let mut reader = Reader {
                modules: &modules,
                file,
                module: module.clone(),
                imports: &mut imports,
                tests: &mut tests,
            };
            reader.visit_file(&parsed);
        }
        // A module that only tests have imports what it likes.
        let of_tests = |module: &Module| tests.iter().any(|test: &Module| module.starts_with(test));
        imports.retain(|import| !of_tests(&import.from) && !of_tests(&import.to));
        modules.retain(|module, _| !of_tests(module));
        House { modules, imports }
    }

    /// The imports between different children of `parent`, by importing and imported child. A child that takes what
    /// `parent` itself defines has an arrow to "".
    fn arrows(&self, parent: &[String]) -> BTreeMap<(&str, &str), &Import> {
        let mut arrows = BTreeMap::new();
        for import in &self.imports {
            let Some([child, ..]) = import.from.strip_prefix(parent) else {
                continue;
            };
            let other = match import.to.strip_prefix(parent) {
                Some([other, ..]) => other,
                Some([]) => "",
                None => continue,
            };
            if child != other {
                arrows.entry((child.as_str(), other)).or_insert(import);
            }
        }
        arrows
    }
}

/// All modules below `folder`, whose own module is `at`.
fn gather(folder: &Path, at: &mut Module, modules: &mut BTreeMap<Module, PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the source") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_str().expect("UTF-8");
        if path.is_dir() {
            at.push(name.into());
            gather(&path, at, modules);
            at.pop();
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let mut module = at.clone();
            if !(at.is_empty() && name == "lib") {
                module.push(name.into());
            }
            modules.insert(module, path.clone());
        }
    }
}

/// Notes the imports of one file.
struct Reader<'a> {
    modules: &'a BTreeMap<Module, PathBuf>,
    file: &'a Path,
    module: Module,
    imports: &'a mut Vec<Import>,
    tests: &'a mut BTreeSet<Module>,
}

impl Reader<'_> {
    /// Notes `path` as an import, if it leads to another module of the crate.
    fn note(&mut self, path: &[String], line: usize) {
        let mut at = self.module.clone();
        let mut rest = path;
        match path.first().map(String::as_str) {
            Some("crate") => {
                at.clear();
                rest = &path[1..];
            }
            Some("self") => rest = &path[1..],
            Some("super") => {
                while rest.first().is_some_and(|word| word == "super") {
                    at.pop();
                    rest = &rest[1..];
                }
            }
            // A child by its name alone.
            Some(name) if path.len() > 1 => {
                at.push(name.into());
                if !self.modules.contains_key(&at) {
                    return;
                }
                rest = &path[1..];
            }
            _ => return,
        }
        for word in rest {
            at.push(word.clone());
            if !self.modules.contains_key(&at) {
                at.pop();
                break;
            }
        }
        if at != self.module {
            self.imports.push(Import {
                file: self.file.to_path_buf(),
                line,
                from: self.module.clone(),
                to: at,
                written: path.join("::"),
            });
        }
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &mut Vec<String>) {
        let mut leaf = |reader: &mut Self, name: &syn::Ident| {
            before.push(name.to_string());
            reader.note(before, name.span().start().line);
            before.pop();
        };
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(&path.tree, before);
                before.pop();
            }
            syn::UseTree::Name(name) => leaf(self, &name.ident),
            syn::UseTree::Rename(name) => leaf(self, &name.ident),
            syn::UseTree::Glob(glob) => self.note(before, glob.star_token.spans[0].start().line),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.tree(tree, before);
                }
            }
        }
    }
}

fn is_of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        meta => meta.path().is_ident("test"),
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_of_tests(&item.attrs) {
            self.tree(&item.tree, &mut Vec::new());
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_of_tests(&item.attrs) {
            let mut test = self.module.clone();
            test.push(item.ident.to_string());
            self.tests.insert(test);
        } else {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_of_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_of_tests(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    /// `pub(super)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<_> = path
            .segments
            .iter()
            .map(|word| word.ident.to_string())
            .collect();
        if let Some(first) = path.segments.first() {
            self.note(&words, first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    /// Paths among the arguments of a macro, which nobody has parsed.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let mut words: Vec<String> = Vec::new();
        let (mut line, mut colons) = (0, 0);
        let mut flat = Vec::new();
        flatten(call.tokens.clone(), &mut flat);
        for token in flat {
            match token {
                proc_macro2::TokenTree::Ident(word) if colons == 2 && !words.is_empty() => {
                    words.push(word.to_string());
                    colons = 0;
                }
                proc_macro2::TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    if words.len() > 1 {
                        self.note(&words, line);
                    }
                    words.clear();
                    colons = 0;
                    if let proc_macro2::TokenTree::Ident(word) = other {
                        line = word.span().start().line;
                        words.push(word.to_string());
                    }
                }
            }
        }
        visit::visit_macro(self, call);
    }
}

/// The tokens without their groups; a group's end is marked by a comma.
fn flatten(tokens: proc_macro2::TokenStream, into: &mut Vec<proc_macro2::TokenTree>) {
    let comma = || proc_macro2::Punct::new(',', proc_macro2::Spacing::Alone).into();
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Group(group) => {
                into.push(comma());
                flatten(group.stream(), into);
                into.push(comma());
            }
            token => into.push(token),
        }
    }
    into.push(comma());
}

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

fn split(path: &str) -> Module {
    path.split("::")
        .filter(|word| !word.is_empty())
        .map(String::from)
        .collect()
}

fn place(import: &Import) -> String {
    let root = root();
    let file = import.file.strip_prefix(&root).unwrap_or(&import.file);
    format!("{}:{} ({})", file.display(), import.line, import.written)
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

/// The modules of `part` from top to bottom, each with those that it imports.
fn draw(house: &House, part: &str, modules: &[&str]) -> String {
    let parent = split(part);
    let arrows = house.arrows(&parent);
    let mut drawing = format!("{}\n", if part.is_empty() { "chatroom" } else { part });
    let order: Vec<String> = if modules.is_empty() {
        floors(house, &parent)
    } else {
        modules.iter().map(|module| module.to_string()).collect()
    };
    for module in &order {
        let below: Vec<_> = order
            .iter()
            .filter(|other| arrows.contains_key(&(module.as_str(), other.as_str())))
            .map(String::as_str)
            .collect();
        let arrow = if below.is_empty() { "" } else { " -> " };
        let row = format!("    {module:11}{arrow}{}", below.join(" "));
        let _ = writeln!(drawing, "{}", row.trim_end());
    }
    drawing
}

/// The children of `parent`: those that import most come first, each before all that it imports.
fn floors(house: &House, parent: &[String]) -> Vec<String> {
    let arrows = house.arrows(parent);
    let mut left: BTreeSet<&str> = house
        .modules
        .keys()
        .filter_map(|module| module.strip_prefix(parent)?.first())
        .map(String::as_str)
        .collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free = left
            .iter()
            .copied()
            .filter(|module| {
                !left
                    .iter()
                    .any(|other| other != module && arrows.contains_key(&(*other, *module)))
            })
            .collect::<Vec<_>>();
        assert!(!free.is_empty(), "a circle among {left:?}");
        for module in free {
            left.remove(module);
            order.push(module.to_string());
        }
    }
    order
}

#[test]
fn the_drawing_is_fresh() {
    let house = House::read();
    let mut drawing = String::new();
    for (part, modules) in PLAN {
        drawing.push_str(&draw(&house, part, modules));
    }
    println!("{drawing}");
    let page = root().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&page).expect("ARCHITECTURE.md");
    let (start, end) = (
        "<!-- the drawing -->\n```text\n",
        "```\n<!-- the drawing ends -->",
    );
    let from = text.find(start).expect("the drawing begins") + start.len();
    let to = from + text[from..].find(end).expect("the drawing ends");
    if std::env::var_os("CHATROOM_RENEW").is_some() {
        std::fs::write(&page, format!("{}{drawing}{}", &text[..from], &text[to..]))
            .expect("written");
        return;
    }
    assert_eq!(
        &text[from..to],
        drawing,
        "The drawing in ARCHITECTURE.md is stale. Look at what changed; `make drawing` draws it anew."
    );
}

/// Definitions of types and first words of doc comments, without the code of tests.
#[derive(Default)]
struct Words {
    file: PathBuf,
    /// By name: where a type is defined, and whether others see it.
    types: BTreeMap<String, Vec<(String, bool)>>,
    /// Doc comments that begin with a question word.
    questions: Vec<String>,
}

impl Words {
    fn read() -> Words {
        let mut words = Words::default();
        for (module, file) in &House::read().modules {
            let text = std::fs::read_to_string(file).expect("a source file");
            words.file = file.strip_prefix(root()).unwrap_or(file).to_path_buf();
            words.visit_file(&syn::parse_file(&text).expect("Rust"));
            assert!(!module.is_empty() || text.contains("//!"));
        }
        words
    }

    fn define(&mut self, name: &syn::Ident, visibility: &syn::Visibility) {
        let place = format!("{}:{}", self.file.display(), name.span().start().line);
        let public = !matches!(visibility, syn::Visibility::Inherited);
        let homes = self.types.entry(name.to_string()).or_default();
        homes.push((place, public));
    }
}

impl<'ast> Visit<'ast> for Words {
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

    /// The paragraphs of a comment are attributes one after another: only the first begins it.
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let syn::Meta::NameValue(pair) = &attribute.meta else {
            return;
        };
        let syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) = &pair.value
        else {
            return;
        };
        if !pair.path.is_ident("doc") {
            return;
        }
        let line = attribute.pound_token.span.start().line;
        let text = text.value();
        let first = text.split_whitespace().next().unwrap_or_default();
        let first = first.trim_end_matches(|mark: char| !mark.is_alphanumeric());
        if QUESTIONS.contains(&first) {
            let before = std::fs::read_to_string(root().join(&self.file)).expect("a source file");
            let before = before
                .lines()
                .nth(line.saturating_sub(2))
                .unwrap_or_default();
            if line == 1 || !before.trim_start().starts_with("//") {
                self.questions
                    .push(format!("{}:{line}: {}", self.file.display(), text.trim()));
            }
        }
    }
}

/// First words of a doc comment that is neither a noun phrase nor a verb in the third person.
const QUESTIONS: &[&str] = &["What", "How", "Where", "Whether", "Who", "It", "So", "Such"];

#[test]
fn a_public_type_has_one_home() {
    let mut found = String::new();
    for (name, homes) in Words::read().types {
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
    let types = Words::read().types;
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

#[test]
fn doc_comments_begin_with_a_noun_or_a_verb() {
    let found = Words::read().questions;
    assert!(
        found.is_empty(),
        "Say it as a noun phrase or a verb in the third person:\n{}",
        found.join("\n")
    );
}
