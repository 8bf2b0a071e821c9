//! The modules of `src` and the imports between them, read from the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use syn::visit::{self, Visit};

/// A module's path below the crate: `["modes", "server", "room"]`.
pub type Module = Vec<String>;

/// The package's folder, which cargo names.
pub fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .expect("run by cargo")
}

/// One import: the importing file, line and module, and the module that defines what is imported.
#[derive(Clone, Debug)]
pub struct Import {
    file: PathBuf,
    line: usize,
    from: Module,
    to: Module,
    /// The imported path as it is written.
    written: String,
}

/// The modules of `src` and the imports between them, without the code of tests.
pub struct House {
    /// Each module's file.
    pub modules: BTreeMap<Module, PathBuf>,
    imports: Vec<Import>,
}

impl House {
    /// The source, which is read once for all tests.
    pub fn read() -> &'static House {
        static HOUSE: LazyLock<House> = LazyLock::new(House::parse);
        &HOUSE
    }

    fn parse() -> House {
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
        // A module that only tests have may import anything.
        let of_tests = |module: &Module| tests.iter().any(|test: &Module| module.starts_with(test));
        imports.retain(|import| !of_tests(&import.from) && !of_tests(&import.to));
        modules.retain(|module, _| !of_tests(module));
        House { modules, imports }
    }

    /// The imports between different children of `parent`, by importing and imported child. A child that takes what
    /// `parent` itself defines has an arrow to "".
    pub fn arrows(&self, parent: &[String]) -> BTreeMap<(&str, &str), &Import> {
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

/// Each file of the code, by its path below the package, without those that only tests have.
pub fn parsed_files() -> Vec<(PathBuf, syn::File)> {
    let files = House::read().modules.iter().map(|(module, file)| {
        let text = std::fs::read_to_string(file).expect("a source file");
        // The crate itself begins with its documentation.
        assert!(!module.is_empty() || text.contains("//!"));
        let path = file.strip_prefix(root()).unwrap_or(file).to_path_buf();
        (path, syn::parse_file(&text).expect("Rust"))
    });
    files.collect()
}

/// Returns whether an item is a test, or is compiled for tests alone.
pub fn is_of_tests(attributes: &[syn::Attribute]) -> bool {
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

    /// Paths among the arguments of a macro, which the parser leaves as tokens.
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
pub fn flatten(tokens: proc_macro2::TokenStream, into: &mut Vec<proc_macro2::TokenTree>) {
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

/// The module of a path such as `modes::server`.
pub fn split(path: &str) -> Module {
    path.split("::")
        .filter(|word| !word.is_empty())
        .map(String::from)
        .collect()
}

/// The file and line of an import, with its path as written.
pub fn place(import: &Import) -> String {
    let root = root();
    let file = import.file.strip_prefix(&root).unwrap_or(&import.file);
    format!("{}:{} ({})", file.display(), import.line, import.written)
}
